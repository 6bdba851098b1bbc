// Which of our tasks a list or a cancellation is about. The cluster is asked the same question, so that it is the one that refuses what
// is malformed; here only what is well-formed has to be understood.
import type { TaskRecord } from '../../../engine/tasks/task.ts'
import { parseTime } from '../reindex/java-values.ts'

/** What this gateway is called where the servers name nodes. */
export const nodeName = 'indexferry'

export function selectTasks(records: readonly TaskRecord[], query: URLSearchParams, nodeId: string): TaskRecord[] {
  if (!fitsOne(wordsOf(query.get('nodes')), ['_all', '_local', nodeId, nodeName])) return []
  // Ours are nobody's children.
  if (query.get('parent_task_id')) return []
  const actions = wordsOf(query.get('actions'))
  return records.filter(({ action }) => fitsOne(actions, [action]))
}

const wordsOf = (text: string | null): string[] => (text ?? '').split(',').filter(Boolean)

/** No pattern at all means everything. */
const fitsOne = (patterns: readonly string[], texts: readonly string[]): boolean =>
  patterns.length === 0 || patterns.some((pattern) => texts.some((text) => fits(pattern, text)))

/** `*` stands for any text; there is no other wildcard. Walks along both, so that no pattern can make it slow. */
function fits(pattern: string, text: string): boolean {
  const [head = '', ...rest] = pattern.split('*')
  if (!text.startsWith(head)) return false
  const tail = rest.pop()
  if (tail === undefined) return text === head
  let at = head.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return text.length - tail.length >= at && text.endsWith(tail)
}

/** A parameter without a value is true. */
export const isOn = (query: URLSearchParams, name: string): boolean => ['', 'true'].includes(query.get(name) ?? 'false')

/** How long the servers wait for tasks when no time is given. */
const waitMsDefault = 30_000

export function timeoutMs(query: URLSearchParams): number {
  const text = query.get('timeout')
  return text === null ? waitMsDefault : Math.max(0, parseTime(text, 'timeout'))
}
