import { broken } from './broken';
import { charsets } from './charsets';
import { files } from './files';
import type { Fixture } from './fixture';
import { machines } from './machines';
import { quotes } from './quotes';
import { strangers } from './strangers';

/** Every hard mail, by what makes it hard. */
export const fixtures: Readonly<Record<string, readonly Fixture[]>> = { broken, charsets, files, quotes, machines, strangers };
