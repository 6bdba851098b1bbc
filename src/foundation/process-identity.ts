// Which process this is, and whether another one still lives.
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

export interface ProcessIdentity {
  readonly pid: number
  readonly host: string
  /** Within which process numbers mean anything: boot and PID namespace. Two containers may share a host name. Empty where it cannot be told. */
  readonly space: string
  /** When the process started, in ticks since the boot: tells it from a later one with the same number. Empty where it cannot be told. */
  readonly startTicks: string
}

let current: ProcessIdentity | undefined

export function currentProcess(): ProcessIdentity {
  current ??= { pid: process.pid, host: hostname(), space: processSpace(), startTicks: startTicksOf(process.pid) }
  return current
}

/** `unknown`: of another machine or container, or the system does not tell one process from a later one with its number. */
export function seeProcess(
  { host, space, pid, startTicks }: ProcessIdentity,
  here: ProcessIdentity = currentProcess(),
): 'alive' | 'dead' | 'unknown' {
  if (host !== here.host || space !== here.space) return 'unknown'
  if (!processExists(pid)) return 'dead'
  const ticks = startTicksOf(pid)
  if (!ticks || !startTicks) return 'unknown'
  return ticks === startTicks ? 'alive' : 'dead'
}

/** On this machine; a zombie counts. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Field 22 of /proc/PID/stat, counted behind the name of the program, which may hold spaces. Linux only. */
function startTicksOf(pid: number): string {
  const stat = readOrEmpty(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

const processSpace = (): string => {
  const boot = readOrEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  return boot && `${boot} ${readOrEmpty(() => readlinkSync('/proc/self/ns/pid'))}`
}

/** Systems without /proc are told by the empty text; there is nothing else to report. */
function readOrEmpty(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
