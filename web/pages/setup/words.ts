// The set-up's tables of words: the steps, and what the choices of a certificate mean.
import type { CertificateKind, SetupStep } from "../../../core/setup/setup.ts";

export const stepWords: Readonly<Record<SetupStep | "finish", string>> = {
  organization: "Organisation",
  owner: "Owner",
  "second-factor": "Second factor",
  address: "Address and certificate",
  network: "Network",
  recovery: "Recovery kit",
  demo: "Demo data",
  finish: "Finish",
};

export const certificateTitles: Readonly<Record<CertificateKind, string>> = {
  "self-made": "A certificate made here",
  upload: "A certificate of your own",
  proxy: "A proxy in front has it",
  none: "None: this machine only",
};

export const certificateTexts: Readonly<Record<CertificateKind, string>> = {
  "self-made":
    "Encrypted at once. Every browser warns until it is told to trust this server: good for trying, and inside a company that hands it out.",
  upload: "From a public or your company's authority: browsers trust it without a word.",
  proxy: "Something else (nginx, Caddy, a load balancer) speaks https and passes requests on by http.",
  none: "Browsers allow the microphone without https only on localhost. Enough to try it here.",
};
