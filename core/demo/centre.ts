// The demo centre: a savings bank with four queues, a dozen people, two numbers and a day of callers. All of it is made up, and says so in its name.
import { type CentreDocument, centreDocument } from "../centre/centre.ts";
import { demoMailDomain, marked } from "./mark.ts";

/** Robot callers come from here: a trunk of their own, so that no other call is ever taken for theirs. */
export const demoCallersAddress = "127.0.0.16";
/** Robot agents' phones register from here. */
export const demoAgentsAddress = "127.0.0.17";

/** From the range that Ofcom keeps free for fiction. */
const mainNumber = "+441632960200";
const cardNumber = "+441632960210";

const accounts = marked("Accounts");
const cards = marked("Cards and fraud");
const online = marked("Online banking");
const mortgages = marked("Mortgages");
const fraudSkill = marked("Fraud");
const mortgageSkill = marked("Mortgage advice");
const waiting = marked("While you wait");
const codes = ["Answered", "Passed on", "Call back", "Complaint", "Card blocked"].map(marked);

/** Who is there, what they know, and which queues they answer. */
const people: readonly (readonly [name: string, skills: Readonly<Record<string, number>>, queues: readonly string[]])[] = [
  ["Amara Osei", {}, [accounts, online]],
  ["Ben Whitaker", {}, [accounts]],
  ["Chloe Marsh", { [fraudSkill]: 4 }, [cards, accounts]],
  ["Daniel Okafor", { [fraudSkill]: 5 }, [cards]],
  ["Elin Sandberg", {}, [online]],
  ["Farid Rahimi", { [mortgageSkill]: 5 }, [mortgages]],
  ["Grace Pemberton", { [mortgageSkill]: 3 }, [mortgages, accounts]],
  ["Hugo Lindqvist", {}, [online, accounts]],
  ["Ines Carvalho", { [fraudSkill]: 3 }, [cards, online]],
  ["Jonas Weber", {}, [accounts]],
  ["Katya Sorokina", { [fraudSkill]: 4 }, [cards]],
  ["Liam Tennant", { [mortgageSkill]: 4 }, [mortgages]],
];
const emailOf = (name: string): string => `${name.toLowerCase().replaceAll(" ", ".")}@${demoMailDomain}`;

/** One kind of caller: what they dial and press, and how often they come. */
export type DemoLine = {
  readonly called: string;
  /** Pressed after the answer, once the welcome is over, each so many ms after the one before. */
  readonly keys: readonly { readonly digit: string; readonly afterMs: readonly [number, number] }[];
  readonly perHour: number;
  /** Mean of how long they wait before they give up, and how long they talk, in ms. */
  readonly patienceMs: number;
  readonly talkMs: readonly [number, number];
};

const press = (digit: string): DemoLine["keys"] => [{ digit, afterMs: [5_500, 9_500] }];
/** The number of a card that no bank has given out; the flow asks for it in private. */
const cardDigits: DemoLine["keys"] = [..."4000123456780000#"].map((digit, i) => ({
  digit,
  afterMs: i === 0 ? [6_500, 8_000] : [260, 420],
}));

/**
 * With the agents of cmd/demo.ts, reckoned over forty hours: 4.5 calls at once, about 82 % answered within the queues' targets, 9 % given up.
 */
export const demoLines: readonly DemoLine[] = [
  { called: mainNumber, keys: press("1"), perHour: 98, patienceMs: 55_000, talkMs: [25_000, 85_000] },
  { called: mainNumber, keys: press("2"), perHour: 56, patienceMs: 60_000, talkMs: [30_000, 95_000] },
  { called: mainNumber, keys: press("3"), perHour: 40, patienceMs: 90_000, talkMs: [45_000, 130_000] },
  { called: cardNumber, keys: cardDigits, perHour: 40, patienceMs: 45_000, talkMs: [20_000, 70_000] },
];

/** Who calls: nobody's names. */
export const demoCallers: readonly string[] = [
  ...["Margaret Ellison", "Tom Brackley", "Sunita Rao", "Oliver Penhale", "Agnieszka Wolska", "Peter Nkemelu", "Hannah Stroud"],
  ...["Yusuf Demir", "Carys Bevan", "Rosa Delgado", "Martin Fell", "Ngozi Adeyemi", "Ruth Calloway", "Viktor Hale", "Zoe Marchetti"],
];
/** The last three digits of a caller's number, after +44 1632 960. */
export const demoCallerDigits: readonly [first: number, last: number] = [300, 999];
export const demoCallerPrefix = "+441632960";

export function demoCentre(): CentreDocument {
  const members = (queue: string): string[] => people.filter(([, , queues]) => queues.includes(queue)).map(([name]) => emailOf(name));
  const queue = (name: string, description: string, settings: object): object => ({
    ...{ name, description, alertingTimeoutSeconds: 20, acwTimeoutMs: 60_000, members: members(name), wrapupCodes: codes },
    ...settings,
  });
  return centreDocument.parse({
    skills: [fraudSkill, mortgageSkill],
    wrapupCodes: codes,
    users: people.map(([name, skills]) => ({ name: marked(name), email: emailOf(name), roles: ["agent"], skills, phone: true })),
    queues: [
      queue(accounts, "Balances, statements, standing orders", { serviceLevelPercentage: 0.8, serviceLevelMs: 20_000 }),
      queue(cards, "Lost cards and payments that look wrong", { serviceLevelPercentage: 0.9, serviceLevelMs: 10_000 }),
      queue(online, "Signing in, the app, payments online", { serviceLevelPercentage: 0.8, serviceLevelMs: 30_000 }),
      queue(mortgages, "Advice and applications", {
        ...{ serviceLevelPercentage: 0.7, serviceLevelMs: 60_000, skillEvaluationMethod: "BEST" },
      }),
    ],
    flows: [waitingFlow, mainFlow, cardFlow],
    ivrs: [
      { name: marked("Bank, main number"), dnis: [mainNumber], flow: mainFlow.name },
      { name: marked("Bank, card line"), dnis: [cardNumber], flow: cardFlow.name },
    ],
    trunks: [{ name: marked("Robots on this machine"), addresses: [demoCallersAddress] }],
  });
}

const waitingFlow = {
  name: waiting,
  type: "INQUEUECALL",
  start: "music",
  actions: {
    music: { type: "holdMusic", name: "Music", audio: "music.default", forMs: 15_000, outputs: { next: "position" } },
    position: { type: "playPosition", name: "Place in the queue", outputs: { next: "estimate" } },
    estimate: { type: "playEstimatedWait", name: "Estimated wait", outputs: { next: "music" } },
  },
};

const to = (name: string, queue: string, more: object = {}): object => ({
  ...{ type: "transferToAcd", name, queue, inQueueFlow: waiting, outputs: { failure: "sorry" } },
  ...more,
});
const reason = (text: string, next: string): object => ({
  ...{ type: "setParticipantData", name: `Reason: ${text}`, values: { Reason: JSON.stringify(text) }, outputs: { next } },
});
const ending = {
  sorry: { type: "playAudio", name: "Apology", audio: ["system.error"], outputs: { next: "bye" } },
  bye: { type: "disconnect", name: "Goodbye" },
};

const mainFlow = {
  name: marked("Bank, main number"),
  type: "INBOUNDCALL",
  start: "welcome",
  onError: "sorry",
  actions: {
    welcome: { type: "playAudio", name: "Welcome", audio: ["demo.welcome", "system.recorded"], outputs: { next: "menu" } },
    menu: {
      ...{ type: "menu", name: "Main menu", audio: ["demo.menu"], choices: ["1", "2", "3"] },
      outputs: { 1: "accounts", 2: "online", 3: "mortgages", noInput: "accounts", noMatch: "accounts" },
    },
    accounts: reason("Accounts", "toAccounts"),
    online: reason("Online banking", "toOnline"),
    mortgages: reason("Mortgages", "toMortgages"),
    toAccounts: to("To Accounts", accounts),
    toOnline: to("To Online banking", online),
    toMortgages: to("To Mortgages", mortgages, { skills: [mortgageSkill] }),
    ...ending,
  },
};

const cardFlow = {
  name: marked("Bank, card line"),
  type: "INBOUNDCALL",
  start: "welcome",
  onError: "sorry",
  actions: {
    welcome: { type: "playAudio", name: "Welcome", audio: ["demo.welcome", "system.recorded"], outputs: { next: "card" } },
    // Typed in private: neither log nor recording nor page ever has the digits.
    card: {
      ...{ type: "collectInput", name: "Card number", audio: ["demo.card"], variable: "card" },
      ...{ minDigits: 12, maxDigits: 19, timeoutMs: 8_000 },
      outputs: { success: "reason", noInput: "toCards" },
    },
    reason: reason("Card", "toCards"),
    toCards: to("To Cards and fraud", cards, { priority: 5, skills: [fraudSkill] }),
    ...ending,
  },
};
