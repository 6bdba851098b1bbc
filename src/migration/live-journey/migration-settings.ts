// How a live migration ends its steps: what the user decided.

/** What the user decided, with what was said with the last request for a switch or the end. */
export interface MigrationSettings {
  /** A command for the shell or an address, called when traffic is switched. */
  readonly switchHook: string | undefined
  /** Leave aliases alone: the hook, or the user, leads traffic. */
  readonly keepAliases: boolean
  readonly oneWay: boolean
  readonly lagMsMax: number
  readonly verifiedWithinMs: number
  /** From the end of one verification in the background to the next; 0 is never. */
  readonly verifyEveryMs: number
  readonly oldSide: 'blocked' | 'released'
}
