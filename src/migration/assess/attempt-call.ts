// Calls that may be refused: an assessment goes on and says what was refused, instead of ending.
import { IndexferryError, isErrorOf } from '../../foundation/errors.ts'
import { type Check, type Finding, finding, findingOf, type Severity } from './assessment.ts'

/** What was read, or what the cluster said when it did not show it. */
export type Seen<Value> = { readonly value: Value } | { readonly hidden: string }

/** For facts that an assessment can do without. Other failures than a refusal are thrown. */
export async function lookAt<Value>(read: () => Promise<Value>): Promise<Seen<Value>> {
  try {
    return { value: await read() }
  } catch (error) {
    // The credentials were good when the cluster was opened: AWS answers 401 to calls that its service does not offer.
    const codes = ['PRIVILEGE_MISSING', 'REQUEST_REFUSED', 'TARGET_READ_ONLY', 'CREDENTIALS_WRONG'] as const
    if (!isErrorOf(error, ...codes)) throw error
    return { hidden: error.message }
  }
}

export interface Attempt {
  readonly check: Check
  /** What the privilege is for, as in "may not …". */
  readonly what: string
  /** Of a missing privilege; other failures of the cluster are errors. Default `error`. */
  readonly severity?: Severity
  /** What becomes of a copy without the privilege, where it goes on. */
  readonly without?: string
}

/** Runs a harmless call of a kind that a copy makes. Returns its value, or undefined and a finding that names what is missing. */
export async function attemptCall<Value>(
  findings: Finding[],
  attempt: Attempt,
  call: () => Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await call()
  } catch (error) {
    // A lost connection or a wrong password is no finding about an index: it ends the assessment.
    if (!(error instanceof IndexferryError) || isErrorOf(error, ...fatal)) throw error
    findings.push(
      isErrorOf(error, 'PRIVILEGE_MISSING') ? missingPrivilege(error, attempt) : findingOf(attempt.check, error),
    )
    return undefined
  }
}

const fatal = [
  'INTERNAL',
  'PAUSED',
  'CONNECTION_LOST',
  'CONNECTION_REFUSED',
  'CREDENTIALS_WRONG',
  'CREDENTIALS_MISSING',
  'NOT_A_CLUSTER',
] as const

/** `indices:admin/create`, `indices:data/write/bulk[s]`, `cluster:monitor/health`, `es:ESHttpPut`, in the words of all security plugins. */
const actionNames = /\b(?:indices|cluster):[a-z][a-z0-9_/-]*(?:\[[a-z]+\])?|\b(?:es|aoss):[A-Z]\w+/g

export function actionsIn(text: string): string[] {
  return [...new Set(text.match(actionNames) ?? [])]
}

/** In the cluster's own names of what is missing; where it names nothing, in all of its words. */
function missingPrivilege(error: IndexferryError, { what, severity = 'error', without }: Attempt): Finding {
  const actions = actionsIn(String(error.fields.reason ?? error.message)).join(', ')
  const said = actions === '' ? `: ${error.message}` : ` (${actions})`
  const effect = without === undefined ? '' : `; ${without}`
  return finding(
    'privileges',
    severity,
    `the user of the ${error.side} may not ${what}${said}${effect}`,
    `Grant ${actions === '' ? 'it' : actions} to this user; docs/permissions.md has whole roles.`,
  )
}
