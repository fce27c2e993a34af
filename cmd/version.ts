// The version of this binary, written in once by the build.
import { version } from "../package.json" with { type: "json" };

export const landlineVersion: string = version;
