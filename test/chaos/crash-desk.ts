import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CrashPoint } from '../../config/crash-points';
import { openWorld, type DeskWorld, type WorldOptions } from '../kit/desk-under-test-processes';
import type { DeskUnderTest } from '../kit/desk-under-test';
import { testServer } from '../setup/test-servers';
import { CrashDirector, type Directed } from './crash-director';
import type { CrashOrder, CrashReport } from './crash-orders';

type Command = 'api' | 'worker';

/** A desk whose processes can be stopped at any crash point, and come back at once, as under `npm start`. */
export interface CrashDesk {
  readonly desk: DeskUnderTest;
  readonly world: DeskWorld;
  readonly director: CrashDirector;
  /** Ends every process of a kind in order and starts it again; resolves when it is ready. */
  restart(command: Command): Promise<void>;
  /** Every process runs and is ready. */
  ready(): Promise<void>;
  /** What the processes said, for a failure. */
  output(): string;
  /** How often a process ended without being told to. */
  ownEnds(): readonly string[];
  close(): Promise<void>;
}

/** Starts an api and a worker whose crash points the test directs. */
export async function openCrashDesk(options: WorldOptions): Promise<CrashDesk> {
  const world = await openWorld(options);
  const director = new CrashDirector();
  const slots = (['worker', 'api'] as const).map((command) => new Slot(command, world.env, director));
  const ready = async (): Promise<void> => void (await Promise.all(slots.map((slot) => slot.ready())));
  const close = async (): Promise<void> => {
    director.calm();
    await Promise.all(slots.map((slot) => slot.stop()));
    await world.close();
  };
  try {
    await ready();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    desk: world.desk,
    world,
    director,
    ready,
    close,
    output: () => slots.map((slot) => slot.output).join('\n'),
    ownEnds: () => slots.flatMap((slot) => slot.ownEnds),
    async restart(command) {
      for (const slot of slots) if (slot.command === command) await slot.restart();
    },
  };
}

/** The place of one process: whoever dies there is followed by the next. */
class Slot {
  output = '';
  readonly ownEnds: string[] = [];
  private current: DirectedProcess;
  private stopping = false;

  constructor(
    readonly command: Command,
    private readonly env: NodeJS.ProcessEnv,
    private readonly director: CrashDirector,
  ) {
    this.current = this.start();
  }

  /** Resolves once the process in this place is ready; whoever dies meanwhile is followed by the next. */
  async ready(): Promise<void> {
    for (;;) {
      const process = this.current;
      if ((await process.isReady) && process === this.current) return;
      if (this.stopping || this.ownEnds.length > 3) throw new Error(`holdfast ${this.command} does not start.\n${this.output}`);
      await sleep(50);
    }
  }

  async restart(): Promise<void> {
    this.current.end('SIGTERM');
    await this.current.ended;
    await this.ready();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.current.end('SIGTERM');
    await this.current.ended;
  }

  private start(): DirectedProcess {
    const process = new DirectedProcess(this.command, this.env, this.director, (text) => (this.output += text));
    void process.ended.then((end) => {
      this.director.leaves(process);
      if (this.stopping) return;
      if (!process.wanted) this.ownEnds.push(`${this.command}: ${end}`);
      this.current = this.start();
    });
    return process;
  }
}

/** One process of ours, with the crash points installed. */
class DirectedProcess implements Directed {
  readonly name: Command;
  /** Resolves with how it ended. */
  readonly ended: Promise<string>;
  /** Resolves with whether it got ready, as opposed to ended. */
  readonly isReady: Promise<boolean>;
  /** Whether somebody here has ended it. */
  wanted = false;
  private readonly child: ChildProcess;

  constructor(
    readonly command: Command,
    env: NodeJS.ProcessEnv,
    director: CrashDirector,
    hear: (text: string) => void,
  ) {
    this.name = command;
    this.child = spawn(process.execPath, ['--enable-source-maps', join(testServer('buildDir'), 'test', 'chaos', 'desk-entry.js'), command], {
      env: { ...env, HOLDFAST_SUPERVISED: '1' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Out of reach of a terminal's Ctrl-C, which leaves what is under way alone. It ends with our end of the channel.
      detached: true,
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        hear(chunk.toString());
        if (process.env['HOLDFAST_TEST_LOG'] === 'all') process.stdout.write(chunk);
      });
    }
    // A message to a process that has just been killed reaches nobody.
    this.child.on('error', () => undefined);
    this.ended = new Promise((resolve) => this.child.once('close', (code, signal) => resolve(signal ?? String(code))));
    const told = new Promise<boolean>((resolve) => {
      this.child.on('message', (message: CrashReport | { type: 'ready' | 'failed' }) => {
        if (message.type === 'crash:reached') director.reached.add(message.point);
        else if (message.type === 'crash:hit') director.hit(this, message.point, message.hit, message.subject);
        else {
          if (message.type === 'failed') hear(`It could not start: ${JSON.stringify(message)}\n`);
          resolve(message.type === 'ready');
        }
      });
    });
    this.isReady = Promise.race([told, this.ended.then(() => false)]);
    director.joins(this);
  }

  arm(points: readonly CrashPoint[]): void {
    this.tell({ type: 'crash:arm', points });
  }

  answer(hit: number, what: 'goOn' | 'fail'): void {
    this.tell({ type: 'crash:answer', hit, do: what });
  }

  kill(): void {
    this.end('SIGKILL');
  }

  end(signal: NodeJS.Signals): void {
    this.wanted = true;
    this.child.kill(signal);
  }

  private tell(order: CrashOrder): void {
    if (this.child.connected) this.child.send(order, () => undefined);
  }
}
