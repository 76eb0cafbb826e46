// The processes of one box: starting, recording, containing and metering them.
import type { BoxProcess, ContainmentReport, PipedProcess, ProcessObserver, ProcessRequest, ProcessTable, ResourceUse } from "./process.ts";

export interface BoxProcessesOptions {
  /** Absolute directory for spill files; made when missing. */
  readonly directory: string;
  /** Stable id of the state directory: the value that marks every process as this box's, also after a restart of the daemon. */
  readonly boxId: string;
  readonly observer?: ProcessObserver | undefined;
  /** Processes alive at once. */
  readonly maxProcesses?: number | undefined;
  /** Bytes of each stream kept where the request names no limit. */
  readonly maxRecordBytes?: number | undefined;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs?: number | undefined;
}

const unfinished = (): never => {
  throw new Error("BoxProcesses does not start anything yet");
};

export class BoxProcesses implements ProcessTable {
  readonly options: BoxProcessesOptions;

  constructor(options: BoxProcessesOptions) {
    this.options = options;
  }

  start(_request: ProcessRequest): Promise<BoxProcess> {
    return unfinished();
  }

  spawn(_request: Omit<ProcessRequest, "maxRecordBytes">): Promise<PipedProcess> {
    return unfinished();
  }

  get(_processId: string): BoxProcess {
    return unfinished();
  }

  list(): readonly BoxProcess[] {
    return [];
  }

  markerOf(owner: string): Readonly<Record<string, string>> {
    return { HARNESSD_BOX: this.options.boxId, HARNESSD_OWNER: owner };
  }

  stopOwner(_owner: string, _options?: { graceMs?: number; spare?: readonly number[] }): Promise<ContainmentReport> {
    return unfinished();
  }

  resourcesOf(_owner: string): ResourceUse {
    return unfinished();
  }

  stopAll(_graceMs?: number): Promise<ContainmentReport> {
    return unfinished();
  }

  /** Ends everything, removes the spill files and stops every timer. */
  close(): Promise<void> {
    return unfinished();
  }
}
