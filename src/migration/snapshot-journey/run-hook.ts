// Calls one hook: a command with the facts on its standard input, or an HTTP call with them as its body.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { postJson } from '../../cluster/post-json.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { formatDuration } from '../../foundation/quantity.ts'
import type { JourneyHook } from './journey-plan.ts'

export interface HookCall {
  readonly hook: JourneyHook
  readonly facts: object
  readonly folder: string
  readonly signal: AbortSignal
}

/** Throws HOOK_FAILED with the reason; the signal's own when the user stops. */
export async function runHook(call: HookCall): Promise<void> {
  const { hook, signal } = call
  const limit = AbortSignal.timeout(hook.timeLimitMs)
  const both = AbortSignal.any([signal, limit])
  try {
    const reason = hook.url === undefined ? await runCommand(call, both) : await callUrl(call, hook.url, both)
    if (reason !== undefined) throw failed(hook, reason)
  } catch (error) {
    signal.throwIfAborted()
    if (limit.aborted) throw failed(hook, `took longer than ${formatDuration(hook.timeLimitMs)}`)
    if (error instanceof IndexferryError && error.code === 'HOOK_FAILED') throw error
    throw failed(hook, error instanceof Error ? error.message : String(error), error)
  }
}

const failed = ({ phase, when, url, command }: JourneyHook, reason: string, cause?: unknown): IndexferryError =>
  new IndexferryError(
    'HOOK_FAILED',
    `the hook ${when} ${phase} (${url === undefined ? command?.[0] : new URL(url).origin}) ${reason}`,
    { fields: { phase, when }, ...(cause === undefined ? {} : { cause }) },
  )

async function callUrl({ hook, facts }: HookCall, url: string, signal: AbortSignal): Promise<string | undefined> {
  const { status, text } = await postJson({ url, headers: hook.headers, body: facts, signal })
  return status >= 200 && status < 300 ? undefined : `answered ${status}${text.trim() ? `: ${text.trim()}` : ''}`
}

/** Of what a command says, the end is kept. */
const saidMax = 2_000

async function runCommand({ hook, facts, folder }: HookCall, signal: AbortSignal): Promise<string | undefined> {
  const [program = '', ...args] = hook.command ?? []
  // A group of its own: Ctrl-C is for indexferry, which then ends the hook with all that it started.
  const child = spawn(program, args, { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  const end = () => endGroup(child.pid)
  signal.addEventListener('abort', end)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part: Buffer) => {
      said = (said + part.toString()).slice(-saidMax)
    })
  }
  // A command need not read its input.
  child.stdin.on('error', () => {})
  child.stdin.end(JSON.stringify(facts))
  try {
    const [code, byName] = (await once(child, 'close')) as [number | null, string | null]
    signal.throwIfAborted()
    if (code === 0) return undefined
    const how = code === null ? `was ended by ${byName}` : `ended with exit code ${code}`
    return `${how}${said.trim() ? `: ${said.trim()}` : ''}`
  } finally {
    signal.removeEventListener('abort', end)
  }
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // It ended by itself meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
