// Who hears whom, who hears music, and what is recorded beside the customer. It follows from the state alone: whoever changes the state orders no media, `hear` does.
import type { LegId, ParticipantId } from "../lib/id.ts";
import { changeMusic, recordChannel } from "./sound.ts";
import { type CallOutput, type CallState, control, type Result, type RoomInCall } from "./state.ts";

/** Two who hear each other and nobody else are bridged; everybody else is in the mix. */
type Sound = {
  readonly bridges: readonly (readonly [LegId, LegId])[];
  /** By leg: who hears it, of those in the mix. */
  readonly mix: ReadonlyMap<LegId, readonly LegId[]>;
  readonly music: ReadonlySet<LegId>;
};

type Talker = {
  readonly participantId: ParticipantId;
  readonly legId: LegId;
  /** They have put the others on hold, or their browser is gone. */
  readonly isOut: boolean;
  readonly isLost: boolean;
};

/**
 * What a step has changed in who hears whom, put where it belongs: after what the disk must hold first, people are separated and music
 * begins or ends; then the step's own outputs; then people are brought together.
 */
export function hear(before: CallState, { state, outputs }: Result): Result {
  if (state.ended !== null) return { state, outputs };
  const [was, is] = [soundOf(before), soundOf(state)];
  const present = new Set(legsOf(state));
  const music = changeMusic(state, is.music, present);
  const firstAct = outputs.findIndex(({ kind }) => kind !== "append");
  const kept = firstAct < 0 ? outputs.length : firstAct;
  return {
    state: music.state,
    outputs: [
      ...outputs.slice(0, kept),
      ...music.stops,
      ...apart(was, is, present),
      ...music.starts,
      ...outputs.slice(kept),
      ...(before.recording === null || besideCustomer(before, was) === besideCustomer(state, is)
        ? []
        : recordChannel(state, besideCustomer(state, is))),
      ...together(was, is, state),
    ],
  };
}

/** What is recorded beside the customer: whom they hear, and while they hear nobody, the agent. Of a mix, media takes all that they hear. */
function besideCustomer({ customer, agent }: CallState, { bridges }: Sound): LegId | null {
  const pair = bridges.find((both) => both.includes(customer.legId));
  if (pair !== undefined) return pair.find((legId) => legId !== customer.legId)!;
  return agent === null || agent.lost !== null ? null : agent.legId;
}

/** Every leg of somebody who is in the call or on the way into it. */
export function legsOf({ customer, alert, agent, dial, party, consult, members, supervisors }: CallState): LegId[] {
  const legs = [customer, alert, agent, dial, party, consult, ...members, ...supervisors].flatMap((one) =>
    one === null ? [] : [one.legId],
  );
  const returning = agent?.lost?.returningLegId;
  return returning == null ? legs : [...legs, returning];
}

function talkersOf({ customer, agent, party, members, heldBy }: CallState): Talker[] {
  if (agent === null && party === null) return [];
  const talkers = [
    ...(customer.ended ? [] : [customer]),
    ...(agent === null ? [] : [agent]),
    ...(party === null ? [] : [party]),
    ...members,
  ];
  return talkers.map(({ participantId, legId }) => {
    const isLost = participantId === agent?.participantId && agent.lost !== null;
    return { participantId, legId, isLost, isOut: isLost || heldBy.includes(participantId) };
  });
}

function soundOf(state: CallState): Sound {
  const { dial, customer, consult, room } = state;
  if (room !== null) return soundInRoom(state, room);
  if (dial?.told === "early-media" && state.party === null) {
    return { bridges: [[customer.legId, dial.legId]], mix: new Map(), music: new Set() };
  }
  const talkers = talkersOf(state);
  /** Whoever asks a third is with them, or waits for them, and not with the others. */
  const asks = (talker: Talker): boolean => consult?.by === talker.participantId && consult.speakTo !== "OBJECT";
  const asker = talkers.find((talker) => asks(talker) && !talker.isLost);
  const rooms = [
    talkers.filter((talker) => !talker.isOut && !asks(talker)).map(({ legId }) => legId),
    ...(asker === undefined ? [] : [[asker.legId, ...(consult!.isUp ? [consult!.legId] : [])]]),
    // Whoever has put the others on hold is heard by nobody but whom they are coached by.
    ...talkers.filter((talker) => talker.isOut && !talker.isLost && talker !== asker).map(({ legId }) => [legId]),
  ];
  const { bridges, mix } = join(state, rooms);
  const isHeard = new Set([...bridges.flat(), ...[...mix.values()].flat()]);
  const waits = talkers.filter(
    (talker) =>
      !talker.isLost &&
      talker !== asker &&
      !isHeard.has(talker.legId) &&
      talkers.some((other) => other !== talker && (other.isOut || asks(other))),
  );
  const asked = consult?.isUp === true && consult.speakTo === "OBJECT" ? [consult.legId] : [];
  return { bridges, mix, music: new Set([...waits.map(({ legId }) => legId), ...asked]) };
}

/** Everybody else of the conference room has a call of their own. Whoever is alone there hears music. */
function soundInRoom({ customer, heldBy }: CallState, { isIn, isAlone }: RoomInCall): Sound {
  const isThere = isIn && !customer.ended && !heldBy.includes(customer.participantId);
  return {
    bridges: [],
    mix: new Map(isThere ? [[customer.legId, []]] : []),
    music: new Set(isThere && isAlone ? [customer.legId] : []),
  };
}

/** Supervisors are in the room of the one they listen beside. Alone with that one, only who speaks to them hears them. */
function join(state: CallState, rooms: readonly (readonly LegId[])[]): Pick<Sound, "bridges" | "mix"> {
  const bridges: (readonly [LegId, LegId])[] = [];
  const mix = new Map<LegId, readonly LegId[]>();
  for (const room of rooms) {
    const listeners = supervisorsIn(state, room).filter(({ mode }) => room.length > 1 || mode !== "monitoring");
    const [a, b] = room;
    if (listeners.length === 0 && room.length === 2) bridges.push([a!, b!]);
    if (listeners.length === 0 && room.length < 3) continue;
    const all = listeners.map(({ legId }) => legId);
    for (const legId of room) mix.set(legId, [...room.filter((other) => other !== legId), ...all]);
    for (const { legId, mode, target } of listeners) {
      const everybody = [...room, ...all.filter((other) => other !== legId)];
      mix.set(legId, mode === "barging" ? everybody : mode === "coaching" ? [target] : []);
    }
  }
  return { bridges, mix };
}

/** None in a secure pause: what is said in it is for those who talk alone. */
function supervisorsIn(state: CallState, room: readonly LegId[]) {
  if (state.pause?.secure === true) return [];
  return state.supervisors.flatMap((supervisor) => {
    const target = supervisor.isUp ? legOfParticipant(state, supervisor.supervises) : null;
    return target !== null && room.includes(target) ? [{ ...supervisor, target }] : [];
  });
}

function legOfParticipant({ customer, agent, party, consult, members }: CallState, id: ParticipantId): LegId | null {
  return [customer, agent, party, consult, ...members].find((one) => one?.participantId === id)?.legId ?? null;
}

// ── From what was to what is ──

/** Whoever is brought together with somebody else leaves the one before by that. */
function apart(was: Sound, is: Sound, present: ReadonlySet<LegId>): CallOutput[] {
  const isPlaced = (legId: LegId): boolean => is.mix.has(legId) || is.bridges.some((pair) => pair.includes(legId));
  const pairs = was.bridges.filter((pair) => pair.every((legId) => present.has(legId) && !isPlaced(legId)));
  const mixed = [...was.mix.keys()].filter((legId) => present.has(legId) && !isPlaced(legId));
  return [...pairs.map(([a]) => a), ...mixed].map((legId) => control({ kind: "unbridge", legId }));
}

function together(was: Sound, is: Sound, state: CallState): CallOutput[] {
  const wasPair = ([a, b]: readonly [LegId, LegId]): boolean => was.bridges.some((pair) => pair.includes(a) && pair.includes(b));
  const mixed = [...is.mix.keys()].filter((legId) => {
    const [before, now] = [heardBy(was, legId), heardBy(is, legId)];
    return before === undefined || before?.join() !== now?.join();
  });
  const mixId = state.room?.roomId ?? state.conversationId;
  return [
    ...is.bridges.filter((pair) => !wasPair(pair)).map(([a, b]) => control({ kind: "bridge", a, b })),
    ...mixed.map((legId) => control({ kind: "mix", mixId, legId, heardBy: heardBy(is, legId) ?? null })),
  ];
}

/** Null: everybody in the mix; undefined: not in it. */
function heardBy({ mix }: Sound, legId: LegId): readonly LegId[] | null | undefined {
  const some = mix.get(legId);
  return some?.length === mix.size - 1 ? null : some;
}
