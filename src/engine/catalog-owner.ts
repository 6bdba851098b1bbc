// Who runs a copy, and whether that process still lives.
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { now } from '../foundation/clock.ts'

export interface ProcessIdentity {
  readonly pid: number
  readonly host: string
  /** Within which process numbers mean anything: boot and PID namespace. Two containers may share a host name. Empty where it cannot be told. */
  readonly space: string
  /** When the process started, in ticks since the boot: tells it from a later one with the same number. Empty where it cannot be told. */
  readonly startTicks: string
}

export interface CopyOwner extends ProcessIdentity {
  /** When it took the copy. */
  readonly since: number
  /** When it was last heard of. */
  readonly heartbeat: number
}

/** An owner that cannot be looked at directly is taken for dead when it was not heard of for so long. */
export const ownerSilentMsMax = 60_000

let current: ProcessIdentity | undefined

export function currentProcess(): ProcessIdentity {
  current ??= { pid: process.pid, host: hostname(), space: processSpace(), startTicks: startTicksOf(process.pid) }
  return current
}

/**
 * Whether the owner of a copy lives. On this host its process is looked for; elsewhere, and where the system does not tell one
 * process from a later one with its number, its heartbeat decides. A wrong "dead" is harmless: every write of an owner is
 * refused once another process has taken the copy (`CopyWriter`).
 */
export function isOwnerAlive(owner: CopyOwner, here: ProcessIdentity = currentProcess(), nowMs = now()): boolean {
  if (owner.host === here.host && owner.space === here.space) {
    if (!processExists(owner.pid)) return false
    const startTicks = startTicksOf(owner.pid)
    if (startTicks && owner.startTicks) return startTicks === owner.startTicks
  }
  return nowMs - owner.heartbeat <= ownerSilentMsMax
}

/** `process 12 on host a, since 2026-11-21 17:00:00 UTC`. */
export function describeOwner(owner: CopyOwner): string {
  const since = new Date(owner.since).toISOString().replace('T', ' ').replace(/\..*/, ' UTC')
  return `process ${owner.pid} on ${owner.host}, since ${since}`
}

function processExists(pid: number): boolean {
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
