import { Command, CommanderError } from 'commander';
import { EXIT, exitCodeOf } from '../config/exit-codes';
import * as api from './api';
import * as catcher from './catcher';
import * as demo from './demo';
import * as doctor from './doctor';
import * as explain from './explain';
import * as identity from './identity';
import { complain } from './output';
import * as policy from './policy';
import * as seed from './seed';
import * as start from './start';
import * as worker from './worker';

/** Every command, in the order of the help; each stands in the file of its name. */
const COMMANDS = [start, doctor, demo, explain, seed, identity, policy, api, worker, catcher];

async function main(): Promise<void> {
  const program = new Command('holdfast');
  program
    .description('Holdfast: a support desk that keeps its promises.')
    .option('--verbose', 'show where an unexpected error came from')
    .addHelpText(
      'before',
      `Examples:
  npm start                 boot everything on this machine
  npx holdfast doctor       check this machine, each finding with its fix
  npx holdfast demo         see a promise kept and a promise broken (while npm start runs)
  npx holdfast explain 1042 why a conversation went as it did
  npx holdfast seed         fill a running desk with believable conversations (--remove takes them away)
  npx holdfast identity     sign a customer’s identity, to try the chat with
`,
    )
    .addHelpText(
      'after',
      `
Exit codes: 0 done · 1 failed, or a check found something · 2 the command line, the environment, the policy or this machine must be changed first
NO_COLOR=1 turns colours off.`,
    )
    .showHelpAfterError('Add --help to see how it is used.')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();
  for (const command of COMMANDS) command.register(program);
  for (const command of program.commands) command.exitOverride();

  try {
    await program.parseAsync();
  } catch (error) {
    // Commander has said already what is wrong with the command line, and ends --help the same way.
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.mustChange;
      return;
    }
    complain(error, { verbose: program.opts<{ verbose?: boolean }>().verbose === true });
    process.exit(exitCodeOf(error));
  }
}

void main();
