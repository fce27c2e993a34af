// What is publicly known of how carriers want to be spoken to: where a new trunk begins. Each value may be changed; the carrier's own letter wins.
import type { TrunkSettings } from "./kinds.ts";

export type TemplateValues = Partial<
  Pick<
    TrunkSettings,
    | "proxies"
    | "registers"
    | "heartbeat"
    | "transport"
    | "mediaEncryption"
    | "numberFormat"
    | "incomingFormat"
    | "callerIdHeader"
    | "codecs"
    | "sessionTimers"
    | "redirects"
    | "diversion"
  >
>;

export type TrunkTemplate = { readonly id: string; readonly name: string; readonly values: TemplateValues };

const usual = {
  registers: false,
  heartbeat: true,
  transport: "UDP",
  mediaEncryption: "disabled",
  numberFormat: "E164",
  incomingFormat: "E164",
  callerIdHeader: "P-Asserted-Identity",
  codecs: ["PCMA", "PCMU"],
  sessionTimers: true,
  redirects: "refuse",
  diversion: "none",
} as const satisfies TemplateValues;

/**
 * Sources: Twilio's pages on Elastic SIP Trunking and Secure Trunking; Telnyx's pages on SIP connections and its list of SIP proxies; Gamma's
 * interface notes for SIP trunks (UDP only; national Request-URI, caller in E.164); BT's technical outline of One Voice SIP trunking.
 */
export const trunkTemplates: readonly [TrunkTemplate, ...TrunkTemplate[]] = [
  {
    id: "generic",
    name: "Generic",
    values: usual,
  },
  {
    id: "twilio",
    name: "Twilio",
    values: { ...usual, transport: "TLS", mediaEncryption: "required", codecs: ["PCMU", "PCMA"], diversion: "Diversion" },
  },
  {
    id: "telnyx",
    name: "Telnyx",
    values: {
      ...usual,
      ...{ proxies: ["sip.telnyx.com"], registers: true, transport: "TLS", mediaEncryption: "optional" },
      ...{ codecs: ["PCMU", "PCMA", "G722"], diversion: "Diversion" },
    },
  },
  {
    id: "gamma",
    name: "Gamma",
    values: { ...usual, numberFormat: "National", incomingFormat: "National", codecs: ["PCMA"], diversion: "Diversion" },
  },
  {
    id: "bt",
    name: "BT",
    values: { ...usual, codecs: ["PCMA"], diversion: "Diversion" },
  },
];

/** Null: there is none with this id. */
export function trunkTemplate(id: string): TrunkTemplate | null {
  return trunkTemplates.find((template) => template.id === id) ?? null;
}
