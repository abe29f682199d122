/**
 * Which thread a mail joins: a pure decision, so that every row of the table below is tested on its own.
 * A token is a signed reply address; `From` has proven itself when DKIM or SPF passes for its domain ("pass").
 *
 * | token    | From = its recipient                                     | verdict    | result                                                  |
 * | -------- | -------------------------------------------------------- | ---------- | ------------------------------------------------------- |
 * | good     | yes                                                      | pass       | joins                                                   |
 * | good     | yes                                                      | none, fail | joins, marked "not authenticated"                       |
 * | good     | yes                                                      | reject     | unknown sender: suspended; known: new, linked, flagged  |
 * | good     | no                                                       | pass       | joins as an unverified third party                      |
 * | good     | no                                                       | none, fail | new, linked, flagged                                    |
 * | bad/none | participant of the conversation whose mail it answers    | pass       | joins                                                   |
 * | bad/none | anything else                                            |            | new, "may belong to #n"                                 |
 *
 * Before the table: a machine's reply is stored in the thread that a good token or a signed Message-ID of ours names, without effect. Such mail
 * has no sender on its envelope and often no signature, so a genuine one may well be a `reject`: it is stored all the same when the sender is
 * known, or when it names a mail of ours by a signature, which proves more than From does. A machine that opens a thread, and a DMARC reject,
 * are suspended unless the sender is known. An agent's address joins as that agent in
 * the first row only; elsewhere, if there is a thread, it becomes an internal note for review.
 * A blocked sender, what a server in front of us calls spam, and a robot's answer to our automatic mail that does not use
 * the address that we gave for answers, are suspended as well.
 * After it: a reply to a closed conversation opens a new, linked one; a merged one leads to its target; an erased one is forgotten.
 */

/** What authentication says about From: DKIM or SPF aligned (`pass`), or neither, with (`reject`) or without (`fail`) its domain asking to refuse such mail; `none` where nothing could be checked. */
export type Verdict = 'pass' | 'none' | 'fail' | 'reject';

/** The conversation that a token or a reference names, as it is now; a merged one already replaced by its target. */
export interface NamedThread {
  readonly number: number;
  readonly state: 'open' | 'closed' | 'erased';
}

/** What the decision needs to know. */
export interface ThreadFacts {
  readonly verdict: Verdict;
  readonly machine: boolean;
  /** It came to the signed envelope sender of a mail of ours, or names one by the Message-ID that we signed. */
  readonly namesOurMail: boolean;
  /** The mail is meant for machines or came through a list, so nobody would miss it from a stranger. */
  readonly noAutoMail: boolean;
  /** A contact or mail domain that we know. */
  readonly senderKnown: boolean;
  /** What an agent has blocked: this very address, or its domain. */
  readonly blocked: 'address' | 'domain' | null;
  /** A server in front of us says so. */
  readonly flaggedSpam: boolean;
  /** Answers an automatic mail of ours as only a robot does (intake/echo.ts), and not to the address that we gave for answers. */
  readonly robotAnswer: boolean;
  /** Agent whose address From is. */
  readonly agent: string | null;
  /** A reply address whose signature holds. */
  readonly token: { readonly thread: NamedThread; readonly fromIsRecipient: boolean } | null;
  /** The conversation of a mail that this one answers; `ours` when the id is one that we signed. */
  readonly reference: { readonly thread: NamedThread; readonly ours: boolean; readonly fromParticipates: boolean } | null;
  /** A number that a bad token or the subject names: a hint for agents, nothing else. */
  readonly hinted: number | null;
}

/** Why a new conversation is marked for agents, or mail is kept aside. */
export type ThreadFlag = 'notAuthenticated' | 'otherSender' | 'dmarcReject' | 'mayBelong' | 'followUp';

/** Where the mail goes. `linkedTo` is shown to agents and gives the sender nothing. */
export type ThreadDecision =
  | { readonly to: 'join'; readonly number: number; readonly as: 'participant' | 'thirdParty' | 'machine'; readonly authenticated: boolean }
  | { readonly to: 'join'; readonly number: number; readonly as: 'agent'; readonly agent: string; readonly authenticated: true }
  | { readonly to: 'note'; readonly number: number }
  | { readonly to: 'new'; readonly linkedTo: number | null; readonly flags: readonly ThreadFlag[] }
  | { readonly to: 'suspended'; readonly reason: 'machine' | 'dmarcReject' | 'blocked' | 'flaggedSpam' | 'loop' };

/** Decides by the table above. */
export function decideThread(facts: ThreadFacts): ThreadDecision {
  const { token, reference, verdict } = facts;
  // A word on one address is about that person; a domain may have customers of ours in it.
  if (facts.blocked === 'address' || (facts.blocked === 'domain' && !facts.senderKnown)) return { to: 'suspended', reason: 'blocked' };
  if (facts.machine) {
    const named = token?.thread ?? (reference?.ours === true ? reference.thread : undefined);
    const believed = verdict !== 'reject' || facts.senderKnown || facts.namesOurMail;
    if (named?.state === 'open' && believed) return { to: 'join', number: named.number, as: 'machine', authenticated: verdict === 'pass' };
    if (named?.state === 'closed' || !facts.senderKnown) return { to: 'suspended', reason: 'machine' };
  }
  if (verdict === 'reject' && !facts.senderKnown) return { to: 'suspended', reason: 'dmarcReject' };
  if (facts.flaggedSpam && !facts.senderKnown && token?.fromIsRecipient !== true) return { to: 'suspended', reason: 'flaggedSpam' };
  if (facts.robotAnswer && token === null) return { to: 'suspended', reason: 'loop' };
  if (token !== null) return decideByToken(facts, token);
  if (facts.noAutoMail && !facts.senderKnown) return { to: 'suspended', reason: 'machine' };
  if (reference !== null) {
    const proven = reference.fromParticipates && verdict === 'pass';
    if (facts.agent !== null && (reference.ours || proven)) return noteOr(reference.thread, ['mayBelong']);
    if (proven) return joinOr(reference.thread, 'participant', true);
    return fresh(reference.thread, verdict === 'reject' ? ['mayBelong', 'dmarcReject'] : ['mayBelong']);
  }
  const flags: ThreadFlag[] = verdict === 'reject' ? ['dmarcReject'] : [];
  if (facts.hinted !== null) return { to: 'new', linkedTo: facts.hinted, flags: ['mayBelong', ...flags] };
  return { to: 'new', linkedTo: null, flags };
}

function decideByToken(facts: ThreadFacts, token: NonNullable<ThreadFacts['token']>): ThreadDecision {
  const { thread, fromIsRecipient } = token;
  switch (facts.verdict) {
    case 'pass':
      if (facts.agent !== null) {
        if (!fromIsRecipient) return noteOr(thread, ['otherSender']);
        if (thread.state === 'open') return { to: 'join', number: thread.number, as: 'agent', agent: facts.agent, authenticated: true };
        return fresh(thread, []);
      }
      return joinOr(thread, fromIsRecipient ? 'participant' : 'thirdParty', true);
    case 'none':
    case 'fail':
      if (facts.agent !== null) return noteOr(thread, ['otherSender']);
      return fromIsRecipient ? joinOr(thread, 'participant', false) : fresh(thread, ['otherSender', 'notAuthenticated']);
    case 'reject':
      return fresh(thread, ['dmarcReject']);
    default:
      return facts.verdict satisfies never;
  }
}

function joinOr(thread: NamedThread, as: 'participant' | 'thirdParty', authenticated: boolean): ThreadDecision {
  if (thread.state === 'open') return { to: 'join', number: thread.number, as, authenticated };
  return fresh(thread, authenticated ? [] : ['notAuthenticated']);
}

function noteOr(thread: NamedThread, flags: readonly ThreadFlag[]): ThreadDecision {
  return thread.state === 'open' ? { to: 'note', number: thread.number } : fresh(thread, flags);
}

function fresh(thread: NamedThread, flags: readonly ThreadFlag[]): ThreadDecision {
  switch (thread.state) {
    case 'open':
      return { to: 'new', linkedTo: thread.number, flags };
    case 'closed':
      return { to: 'new', linkedTo: thread.number, flags: ['followUp', ...flags] };
    case 'erased':
      return { to: 'new', linkedTo: null, flags: [] };
    default:
      return thread.state satisfies never;
  }
}
