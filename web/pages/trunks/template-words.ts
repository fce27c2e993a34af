// What a trunk's template cannot know, in words: what is to be asked of the carrier, and given to it.
import { t } from "../../ui/text.ts";

export function aboutTemplate(id: string): string {
  switch (id) {
    case "generic":
      return t(
        "What most carriers take: numbers in E.164, G.711, known by our address. Ask yours for its next hops, and for an account if it gives one.",
      );
    case "twilio":
      return t(
        "Elastic SIP Trunking with Secure Trunking on. The next hop is your trunk's termination name, ending in pstn.twilio.com. Give Twilio our address, or fill in an account of a credential list. Calls come in from Twilio's own addresses: name those of your region.",
      );
    case "telnyx":
      return t(
        "A SIP connection with credentials, which registers. For one by address, leave the account empty and switch the registration off. Outside the Americas take the proxy of your region.",
      );
    case "gamma":
      return t(
        "A SIP trunk known by our public address, by UDP alone. Its gateway stands in the order's confirmation. Numbers go out as dialled in the United Kingdom.",
      );
    case "bt":
      return t(
        "One Voice SIP trunking over BT's own network, known by our address there. The addresses of its border controllers stand in BT's letter.",
      );
    default:
      return t("This trunk began from no template.");
  }
}
