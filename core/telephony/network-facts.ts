// What a carrier says of a call beside who calls: whether the number was verified, and by whom it was diverted. Kept as participant data.

/** RFC 8224, as 3GPP TS 24.229 §7.2A.20 tells its result: the number is the caller's, it is not, or nobody could tell. */
export const verifications = ["passed", "failed", "none"] as const;
export type Verification = (typeof verifications)[number];

/** Cleaned. Null: the carrier says nothing of it; a number that is withheld is not there either. */
export type NetworkFacts = {
  readonly verification: Verification | null;
  /** Who sent the call here (RFC 5806, RFC 7044), and whom it was meant for at first: the same when it was diverted once. */
  readonly divertedBy: string | null;
  readonly firstCalled: string | null;
};

/** Names of participant data; what begins so is the carrier's word. */
export const networkAttributes = { verification: "sip.verstat", divertedBy: "sip.divertedBy", firstCalled: "sip.firstCalled" } as const;

/** As participant data, without what is not known. */
export function attributesOf(facts: NetworkFacts): Readonly<Record<string, string>> {
  const known = Object.entries(networkAttributes).flatMap(([key, name]) => {
    const value = facts[key as keyof NetworkFacts];
    return value === null ? [] : [[name, value] as const];
  });
  return Object.fromEntries(known);
}
