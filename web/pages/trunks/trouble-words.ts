// What is wrong with the way to a trunk, in a sentence, and what to do about it.
import type { TrunkTrouble } from "../../../core/call/call-control.ts";
import { t } from "../../ui/text.ts";

export function troubleText(trouble: TrunkTrouble, host: string, address: string | null): string {
  const where = { host, address: address ?? host };
  switch (trouble.kind) {
    case "no-such-name":
      return t("Nobody knows the name {host}: see how it is spelled, and that this machine's name server answers.", where);
    case "refused":
      return t("{address} refuses connections: see port and transport with your carrier.", where);
    case "no-answer":
      return t(
        "{address} does not answer: see its port and transport, a firewall on the way, and whether the carrier knows our address.",
        where,
      );
    case "closed":
      return t(
        "{address} closes the connection. If it asks for a certificate of ours, set the one that your carrier has given you.",
        where,
      );
    case "certificate":
      return certificateMend(trouble, where);
    case "no-socket":
      return t("This machine has no address by which {address} could be reached: see --sip.", where);
    case "no-password":
      return t("The carrier asks for a password, and none is set.");
    case "wrong-password":
      return t("The carrier refuses the account: see user name, domain and password.");
    case "status":
      return t("The carrier answers {status}.", { status: trouble.status });
  }
}

type Certificate = Extract<TrunkTrouble, { kind: "certificate" }>;

function certificateMend({ fault }: Certificate, where: { readonly host: string; readonly address: string }): string {
  switch (fault) {
    case "other-name":
      return t("The certificate of {host} is not that name's: write the next hop as the certificate has it, or ask the carrier.", where);
    case "self-signed":
      return t("The certificate of {host} is signed by itself: if it is the carrier's, add it to the trunk's issuers.", where);
    case "unknown-issuer":
      return t("The certificate of {host} is of an issuer whom this machine does not trust: add it to the trunk's issuers.", where);
    case "expired":
      return t("The certificate of {host} has expired: the carrier must renew it. See this machine's clock, too.", where);
    case "not-yet":
      return t("The certificate of {host} is not valid yet: see this machine's clock.", where);
    case "other":
      return t("The certificate of {host} cannot be believed.", where);
    case null:
      return t("{address} ends the TLS handshake: see its port, and whether it speaks TLS 1.2 or newer there.", where);
  }
}

/** Whom the certificate names, by whom, and until when; empty: it was not seen. */
export function certificateText({ shown }: Certificate): string {
  return shown;
}
