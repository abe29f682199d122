import { Runtime, type LogLevel, type LogMetadata } from '@temporalio/worker';
import type { Logger } from '../config/log';

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/**
 * Sends what the Temporal libraries log through our one logger, and lets them tell their metrics to this machine on `metricsPort`, if given.
 * To be called once, before anything of Temporal is used.
 */
export function installRuntime(log: Logger, metricsPort: number | null): void {
  const write = (level: LogLevel, message: string, meta?: LogMetadata): void => {
    const { error, ...rest } = meta ?? {};
    log[LEVELS[level]]({ ...rest, ...(error !== undefined && { err: error as unknown }) }, message);
  };
  Runtime.install({
    logger: {
      log: write,
      trace: (message, meta) => write('TRACE', message, meta),
      debug: (message, meta) => write('DEBUG', message, meta),
      info: (message, meta) => write('INFO', message, meta),
      warn: (message, meta) => write('WARN', message, meta),
      error: (message, meta) => write('ERROR', message, meta),
    },
    telemetryOptions: {
      logging: { filter: { core: 'WARN', other: 'WARN' }, forward: {} },
      ...(metricsPort !== null && {
        metrics: { prometheus: { bindAddress: `127.0.0.1:${metricsPort}`, useSecondsForDurations: true, countersTotalSuffix: true, unitSuffix: true } },
      }),
    },
    // Our own processes decide how they end.
    shutdownSignals: [],
  });
}
