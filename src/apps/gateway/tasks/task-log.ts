// What becomes of tasks, in the gateway's log: nobody may be there any more who hears an answer.
import type { TaskEvent, TaskRecord } from '../../../engine/tasks/task.ts'
import { asIndexferryError, redact } from '../../../foundation/errors.ts'

const textMax = 500
/** What is done to a definition is seldom more; the rest is counted. */
const notesMax = 50

/** Writes a line of JSON when a task begins, goes on after a restart, and ends. */
export function createTaskLog(write: (line: string) => void, now: () => number): (event: TaskEvent) => void {
  return (event) => {
    if (event.kind === 'accepted') return
    const facts = event.kind === 'broken' ? { reason: asIndexferryError(event.error).message } : factsOf(event)
    const line = { time: new Date(now()).toISOString(), event: 'task', ...facts }
    write(`${redact(JSON.stringify(line))}\n`)
  }
}

function factsOf({ kind, task }: Exclude<TaskEvent, { kind: 'broken' }>) {
  const head = { task: task.id, state: kind === 'ended' ? task.state : kind, what: withoutQuery(task.description) }
  if (kind !== 'ended') return head
  const { total, created, updated, deleted, noops, versionConflicts } = task.status
  const counts = { total, created, updated, deleted, noops, version_conflicts: versionConflicts }
  return { ...head, ...counts, took: Math.round(task.runningMs), ...endOf(task) }
}

function endOf({ outcome, error }: TaskRecord) {
  const { failures = [], notes = [] } = outcome ?? {}
  const { reason } = error ?? {}
  const shown = notes.slice(0, notesMax).map(cut)
  if (notes.length > notesMax) shown.push(`and ${notes.length - notesMax} more`)
  return {
    ...(failures.length > 0 && { failures: failures.length }),
    ...(typeof reason === 'string' && { reason: cut(reason) }),
    ...(shown.length > 0 && { notes: shown }),
  }
}

const cut = (text: string): string => text.slice(0, textMax)

/** What people look for is nobody's business. */
const withoutQuery = (description: string): string => cut(description.replace(/ query=.*(?=\]\[)/s, ''))
