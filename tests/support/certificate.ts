// A certificate for tests of TLS: made anew, signed by itself, believed by nobody.
import { newCertificate } from "../../telephony/media/webrtc/certificate.ts";

export function pemPair(): { readonly key: string; readonly cert: string } {
  const { der, privateKey } = newCertificate();
  const lines = Buffer.from(der)
    .toString("base64")
    .match(/.{1,64}/g)!;
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
  };
}
