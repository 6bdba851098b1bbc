// What a row of the error tables says.

/** The process's exit code, by cause. Documented in docs/errors.md; scripts rely on them. */
export const exitCodes = {
  done: 0,
  internal: 1,
  usage: 2,
  different: 3,
  rejected: 4,
  state: 5,
  source: 6,
  target: 7,
  file: 8,
  paused: 130,
} as const

/** `side` means: the exit code of the side (source, target, file) on which the error happened. */
export type ErrorExit = keyof typeof exitCodes | 'side'

export interface ErrorDefinition {
  /** What happened, for the errors page. */
  readonly meaning: string
  /** What the user does about it; printed with the error unless it brings a more exact remedy. */
  readonly remedy: string
  /** `now`: the same call may be sent again at once; `later`: after a pause; `never`: only after somebody changed something. */
  readonly retry: 'now' | 'later' | 'never'
  readonly exit: ErrorExit
}

/** Keeps the codes of a table as its type. */
export const defineErrors = <Code extends string>(
  table: Record<Code, ErrorDefinition>,
): Readonly<Record<Code, ErrorDefinition>> => table
