import type { CrashPoint } from '../../config/crash-points';

/** What is to happen at a point. */
export type Fault =
  /** Each conversation fails there once, as if a connection had broken; at most so many do, or only those of these numbers. */
  | { readonly point: CrashPoint; readonly how: 'fail'; readonly atMost?: number; readonly only?: ReadonlySet<number> }
  /** Conversations are held there; when so many different ones stand there, every process that holds one is killed. Once. */
  | { readonly point: CrashPoint; readonly how: 'kill'; readonly standing: number }
  /** The process that comes by there for the n-th time is killed. Once. */
  | { readonly point: CrashPoint; readonly how: 'killAt'; readonly nth: number };

/** A kill that has happened: how many conversations stood at the point in the processes that died. */
export interface Kill {
  readonly point: CrashPoint;
  readonly processes: readonly string[];
  readonly standing: number;
  /** Milliseconds. */
  readonly at: number;
}

/** A process as the director sees it. */
export interface Directed {
  readonly name: string;
  arm(points: readonly CrashPoint[]): void;
  answer(hit: number, what: 'goOn' | 'fail'): void;
  /** SIGKILL. */
  kill(): void;
}

interface Held {
  readonly by: Directed;
  readonly hit: number;
  readonly subject: string;
}

/** A conversation that cannot be joined by enough others goes on after a while, by failing: activities have 5 s. */
const HOLD_MS = 3_000;

/** Decides what happens at each armed point, over all processes of a desk, and counts it. */
export class CrashDirector {
  /** Points that any process has come by. */
  readonly reached = new Set<CrashPoint>();
  readonly kills: Kill[] = [];
  /** Conversations that have failed at each point. */
  readonly failed = new Map<CrashPoint, Set<string>>();
  private planned: Fault[] = [];
  private readonly passed = new Map<Fault, number>();
  private readonly held = new Map<Fault, Held[]>();
  private readonly timers = new Map<Fault, NodeJS.Timeout>();
  private processes: Directed[] = [];

  /** Adds faults; several at one point follow each other. */
  plan(...faults: readonly Fault[]): void {
    this.planned.push(...faults);
    this.armAll();
  }

  /** No fault is planned any more; what is held goes on. */
  calm(): void {
    const all = [...this.held.values()].flat();
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.planned = [];
    this.held.clear();
    this.timers.clear();
    for (const { by, hit } of all) by.answer(hit, 'goOn');
    this.armAll();
  }

  /** Every fault so far: each conversation that stood at a point when its process was killed, and each that failed at one. */
  count(): number {
    const standing = this.kills.reduce((sum, kill) => sum + kill.standing, 0);
    return [...this.failed.values()].reduce((sum, subjects) => sum + subjects.size, standing);
  }

  joins(process: Directed): void {
    this.processes.push(process);
    process.arm(this.armedPoints());
  }

  /** Its conversations are held no more. */
  leaves(process: Directed): void {
    this.processes = this.processes.filter((other) => other !== process);
    for (const [fault, list] of this.held)
      this.held.set(
        fault,
        list.filter(({ by }) => by !== process),
      );
  }

  hit(by: Directed, point: CrashPoint, hit: number, subject: string): void {
    const fault = this.planned.find((one) => one.point === point);
    if (fault === undefined) return by.answer(hit, 'goOn');
    switch (fault.how) {
      case 'fail':
        return by.answer(hit, this.failsOnce(point, subject, fault) ? 'fail' : 'goOn');
      case 'killAt': {
        const count = (this.passed.get(fault) ?? 0) + 1;
        this.passed.set(fault, count);
        if (count < fault.nth) return by.answer(hit, 'goOn');
        return this.kill(fault, [{ by, hit, subject }]);
      }
      case 'kill': {
        const standing = [...(this.held.get(fault) ?? []), { by, hit, subject }];
        this.held.set(fault, standing);
        if (new Set(standing.map((one) => one.subject)).size >= fault.standing) return this.kill(fault, standing);
        if (!this.timers.has(fault))
          this.timers.set(
            fault,
            setTimeout(() => this.letGo(fault), HOLD_MS),
          );
        return;
      }
      default:
        fault satisfies never;
    }
  }

  private failsOnce(point: CrashPoint, subject: string, { atMost = Infinity, only }: Omit<Extract<Fault, { how: 'fail' }>, 'point' | 'how'> = {}): boolean {
    if (only?.has(Number(subject)) === false) return false;
    const subjects = this.failed.get(point) ?? new Set();
    this.failed.set(point, subjects);
    if (subjects.has(subject) || subjects.size >= atMost) return false;
    subjects.add(subject);
    return true;
  }

  private kill(fault: Fault, standing: readonly Held[]): void {
    this.planned = this.planned.filter((other) => other !== fault);
    this.held.delete(fault);
    this.stopTimer(fault);
    const processes = [...new Set(standing.map(({ by }) => by))];
    this.kills.push({
      point: fault.point,
      processes: processes.map(({ name }) => name),
      standing: new Set(standing.map(({ subject }) => subject)).size,
      at: Date.now(),
    });
    for (const process of processes) process.kill();
    this.armAll();
  }

  private letGo(fault: Fault): void {
    this.stopTimer(fault);
    const held = this.held.get(fault) ?? [];
    this.held.delete(fault);
    for (const { by, hit, subject } of held) {
      this.failsOnce(fault.point, subject);
      by.answer(hit, 'fail');
    }
  }

  private stopTimer(fault: Fault): void {
    clearTimeout(this.timers.get(fault));
    this.timers.delete(fault);
  }

  private armedPoints(): CrashPoint[] {
    return [...new Set(this.planned.map(({ point }) => point))];
  }

  private armAll(): void {
    for (const process of this.processes) process.arm(this.armedPoints());
  }
}
