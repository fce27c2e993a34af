// Looks at a stream, a second apart: what is told as silence, why, and what is not.
import { expect, test } from "bun:test";
import { type Hearing, type Look, notListening, stepHearing } from "./hearing.ts";
import type { SoundFigures } from "./plane.ts";

const start: Look = {
  ...{ isExpected: true, isSending: true, isConnected: true, isGone: false, isBrowser: false, heard: 0, hasSounded: true, pauses: false },
  ...{
    refused: 0,
    refusedFrom: "",
    discarded: 0,
    reports: 0,
    senderReports: 0,
    reportedSent: null,
    accounts: 0,
    arrived: null,
    sent: 0,
    peer: "192.0.2.7:4000",
  },
  ...{ from: null, to: null },
};
const speaks = (look: Look): Look => ({ ...look, heard: look.heard + 50 });
const figures = (mos: number, lossPercent: number, windows: number): SoundFigures => ({
  mos,
  mosMin: mos,
  mosAvg: mos,
  lossPercent,
  windows,
});

/** A second a look, each made from the one before. */
class Ear {
  readonly told: string[] = [];
  private state: Hearing = notListening;
  private atMs = 0;

  constructor(private look: Look = start) {
    this.seconds(1);
  }

  seconds(count: number, change: (look: Look) => Look = (look) => look): this {
    for (let n = 0; n < count; n++) {
      this.look = change(this.look);
      const { state, outputs } = stepHearing(this.state, this.look, this.atMs);
      this.state = state;
      for (const { direction, trouble, forMs } of outputs)
        this.told.push([direction, trouble?.cause ?? "well", trouble?.detail ?? "", forMs].join(" "));
      this.atMs += 1_000;
    }
    return this;
  }
}

test("who is heard is no trouble, and neither is who is not expected", () => {
  const held = new Ear({ ...start, isExpected: false });
  expect([...new Ear().seconds(60, speaks).told, ...held.seconds(60).told]).toEqual([]);
});

test("nothing at all since the answer is told at four seconds, once, with the address, and over with the first sound", () => {
  const ear = new Ear().seconds(30).seconds(1, speaks).seconds(3);
  expect(ear.told).toEqual(["from never-came 192.0.2.7:4000 4000", "from well  31000"]);
});

test("who came and is gone has stopped", () => {
  expect(new Ear().seconds(10, speaks).seconds(5).told).toEqual(["from stopped 192.0.2.7:4000 4000"]);
});

test("hold ends the wait, and it begins anew after hold", () => {
  const ear = new Ear().seconds(3).seconds(20, (look) => ({ ...look, isExpected: false }));
  expect(ear.seconds(4, (look) => ({ ...look, isExpected: true })).told).toEqual([]);
  expect(ear.seconds(1).told).toHaveLength(1);
});

test("the cause is what else came meanwhile", () => {
  const cause = (change: (look: Look) => Look, first: Look = start): string | undefined => new Ear(first).seconds(5, change).told[0];
  expect(cause((look) => ({ ...look, refused: look.refused + 50, refusedFrom: "198.51.100.9:7000" }))).toBe(
    "from other-address 198.51.100.9:7000 4000",
  );
  expect(cause((look) => ({ ...look, refused: look.refused + 50 }))).toBe("from not-authentic  4000");
  expect(cause((look) => ({ ...look, discarded: look.discarded + 50 }))).toBe("from other-codec  4000");
  expect(cause((look) => look, { ...start, isConnected: false })).toBe("from not-connected  4000");
  expect(cause((look) => look, { ...start, isConnected: false, isGone: true })).toBe("from gone  4000");
});

test("reports that go on tell whether the peer sends", () => {
  const sendsNothing = new Ear().seconds(3, speaks).seconds(8, (look) => ({ ...look, reports: look.reports + 1 }));
  expect(sendsNothing.told).toEqual(["from sends-nothing  4000"]);
  const says = (look: Look, sent: number): Look => ({
    ...look,
    reports: look.reports + 1,
    senderReports: look.senderReports + 1,
    reportedSent: (look.reportedSent ?? 0) + sent,
  });
  const into = (look: Look): Look => says(look, 50);
  expect(new Ear().seconds(3, (look) => into(speaks(look))).seconds(8, into).told).toEqual(["from lost-on-the-way  4000"]);
  // The report of what was sent before it fell silent is no proof that more was; the next one tells.
  const late = new Ear()
    .seconds(10, speaks)
    .seconds(2)
    .seconds(1, (look) => says(look, 500));
  expect(late.seconds(3).told).toEqual(["from stopped 192.0.2.7:4000 4000"]);
  late.seconds(1, (look) => says(look, 0));
  expect(late.told.slice(1)).toEqual(["from sends-nothing  7000"]);
});

test("a cause that is known better later is told again", () => {
  const ear = new Ear().seconds(6).seconds(1, (look) => ({ ...look, reports: 1 }));
  expect(ear.told).toEqual(["from never-came 192.0.2.7:4000 4000", "from sends-nothing  7000"]);
});

test("a peer that pauses while nobody speaks is waited for longer, unless it says that it sends", () => {
  const pausing = { ...start, pauses: true };
  expect(new Ear(pausing).seconds(3, speaks).seconds(29).told).toEqual([]);
  expect(new Ear(pausing).seconds(3, speaks).seconds(30).told).toHaveLength(1);
});

test("packets without a sound are told from the answer on, and never of one that has sounded", () => {
  expect(new Ear({ ...start, hasSounded: false }).seconds(5, speaks).told).toEqual(["from only-silence  0"]);
  expect(new Ear().seconds(60, speaks).told).toEqual([]);
});

test("two reports in a row that name nothing new of ours are a peer that does not hear us", () => {
  const sends = (look: Look): Look => speaks({ ...look, sent: look.sent + 50 });
  const reports = (look: Look, arrived: number | null): Look => ({ ...sends(look), accounts: look.accounts + 1, arrived });
  const ear = new Ear().seconds(5, sends).seconds(1, (look) => reports(look, 250));
  for (let n = 0; n < 2; n++) ear.seconds(4, sends).seconds(1, (look) => reports(look, 250));
  ear.seconds(4, sends).seconds(1, (look) => reports(look, 700));
  expect(ear.told).toEqual(["to not-received 192.0.2.7:4000 0", "to well  5000"]);
  // A phone whose reports never name us says nothing; a browser's do.
  const silentPhone = new Ear();
  const browser = new Ear({ ...start, isBrowser: true });
  for (const one of [silentPhone, browser]) for (let n = 0; n < 4; n++) one.seconds(4, sends).seconds(1, (look) => reports(look, null));
  expect([silentPhone.told, browser.told]).toEqual([[], ["to not-received 192.0.2.7:4000 0"]]);
});

test("two poor windows are told, a hiccup is not, and one that is fair ends it", () => {
  const window =
    (mos: number, loss = 12.4) =>
    (look: Look): Look =>
      speaks({ ...look, from: figures(mos, loss, (look.from?.windows ?? 0) + 1) });
  const ear = new Ear();
  for (const mos of [3, 4.3, 3.5, 4.2, 3.5, 3.4, 3.7, 4.1]) ear.seconds(4, speaks).seconds(1, window(mos));
  expect(ear.told).toEqual(["from poor 12 0", "from well  10000"]);
});

test("a peer that comes and goes for ever is told of no more in the end", () => {
  const ear = new Ear();
  for (let n = 0; n < 200; n++) ear.seconds(5).seconds(1, speaks);
  expect(ear.told).toHaveLength(100);
  expect(ear.told.at(-1)).toContain("well");
});
