/** A running part of Holdfast (api, worker, catcher): `close` lets work in hand finish, frees what is held, and resolves once nothing of it is left. */
export interface RunningProcess {
  close(): Promise<void>;
}
