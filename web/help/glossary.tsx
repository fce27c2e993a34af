// The words of the field as Landline uses them, each once.
import type { ManualPage } from "./manual.tsx";

type Term = readonly [term: string, meaning: string];

export const terms: readonly Term[] = [
  ["Abandoned", "The caller left the queue before an agent answered."],
  ["ACD", "Automatic call distribution: who waits in a queue gets the right agent by rules that can be explained."],
  ["After-call work", "The time after a call for notes and a wrap-up code, before the next call may ring."],
  ["AHT", "Average handle time: talk, hold and after-call work together."],
  ["Alert", "A conversation that rings at one agent, for as long as the queue's settings say."],
  ["ASA", "Average speed of answer: from entering the queue to the agent's answer."],
  ["Conversation", "One caller's contact from its beginning to its end, with everybody and everything that took part."],
  ["DID", "Direct inward dialling: a number of yours that the carrier delivers."],
  ["Division", "The part of the organization that an object belongs to; permissions hold in divisions."],
  ["DTMF", "The digits a caller presses."],
  ["EWT", "Estimated wait time, by method EWT-1; the board's help page has the formula."],
  ["Flow", "What a caller hears and is asked, as a document of actions."],
  ["IVR", "Interactive voice response: the numbers that lead to a flow."],
  ["Leg", "One connection with one party: the caller's, an agent's."],
  ["Not Responding", "The routing status of an agent who let an alert run out; On Queue ends it."],
  ["On Queue", "The presence in which an agent is offered conversations."],
  ["Participant", "One party of a conversation, with its own times: the customer, the flow, the queue, an agent."],
  ["Presence", "Whether and why a person is there, in words that people choose."],
  ["Routing status", "What routing makes of an agent: Off Queue, Idle, Interacting, Not Responding, Communicating."],
  ["Sealed", "Closed, encrypted and signed; a changed bit is found."],
  ["Service level", "The share of conversations answered within the queue's target."],
  ["Skill", "Something a person can do and a conversation may ask for, with a proficiency from 0 to 5."],
  ["Station", "Where a person is rung: a browser or a phone."],
  ["Trunk", "A carrier or PBX that may call in, known by its addresses."],
  ["Wrap-up code", "What a conversation was about, as its agent sees it."],
];

export const glossary: ManualPage = {
  id: "glossary",
  title: "Glossary",
  body: () => glossaryOf((term) => term),
};

/** In another language by `inWords`; an anchor is the English term's everywhere. */
export function glossaryOf(inWords: (term: Term) => Term) {
  return (
    <dl class="glossary">
      {terms.map((term) => {
        const [word, meaning] = inWords(term);
        return (
          <>
            <dt id={term[0].toLowerCase().replaceAll(" ", "-")}>{word}</dt>
            <dd>{meaning}</dd>
          </>
        );
      })}
    </dl>
  );
}
