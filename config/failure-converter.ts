import { DefaultFailureConverter } from '@temporalio/common';

/** Puts the texts and stacks of failures among the payloads, so that the codec encrypts them too; Temporal's libraries load it by its path. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
