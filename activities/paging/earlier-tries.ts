import { Context } from '@temporalio/activity';

/** What one try of an attempt tells the next, when the database could not be asked and may know nothing of it. */
export interface EarlierTries {
  /** Whether one of them has set out to ring by itself. */
  readonly rangAlone: () => boolean;
  /** This one is about to. */
  readonly ringsAlone: () => void;
}

const RINGS_ALONE = 'rings alone';

/** By way of Temporal, which keeps it with the attempt. */
export const TEMPORALS_MEMORY: EarlierTries = {
  rangAlone: () => Context.current().info.heartbeatDetails === RINGS_ALONE,
  ringsAlone: () => Context.current().heartbeat(RINGS_ALONE),
};
