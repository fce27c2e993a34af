// Participant data as people read it: what the carrier says in plain words, what a flow has set as it is.
import { networkAttributes, type Verification } from "../../core/telephony/network-facts.ts";
import { t } from "./text.ts";

export type Attribute = {
  readonly name: string;
  readonly value: string /** The carrier says so, not a flow. */;
  readonly isCarriers: boolean;
};

export function attributesInWords(data: Readonly<Record<string, string>>): readonly Attribute[] {
  return Object.entries(data).map(([name, value]) => {
    switch (name) {
      case networkAttributes.verification:
        return { name: t("Caller's number"), value: verificationInWords(value as Verification), isCarriers: true };
      case networkAttributes.divertedBy:
        return { name: t("Diverted by"), value, isCarriers: true };
      case networkAttributes.firstCalled:
        return { name: t("First called"), value, isCarriers: true };
      default:
        return { name, value, isCarriers: false };
    }
  });
}

function verificationInWords(verification: Verification): string {
  switch (verification) {
    case "passed":
      return t("verified");
    case "failed":
      return t("failed the check: may be false");
    case "none":
      return t("not verified");
  }
}
