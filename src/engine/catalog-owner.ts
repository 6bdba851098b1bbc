// Who runs a copy, and whether that process still lives.
import { now } from '../foundation/clock.ts'
import { currentProcess, type ProcessIdentity, seeProcess } from '../foundation/process-identity.ts'

export interface CopyOwner extends ProcessIdentity {
  /** When it took the copy. */
  readonly since: number
  /** When it was last heard of. */
  readonly heartbeat: number
}

/** An owner that cannot be looked at directly is taken for dead when it was not heard of for so long. */
export const ownerSilentMsMax = 60_000

/**
 * Whether the owner of a copy lives. On this host its process is looked for; elsewhere, and where the system does not tell one
 * process from a later one with its number, its heartbeat decides. A wrong "dead" is harmless: every write of an owner is
 * refused once another process has taken the copy (`CopyWriter`).
 */
export function isOwnerAlive(owner: CopyOwner, here: ProcessIdentity = currentProcess(), nowMs = now()): boolean {
  const seen = seeProcess(owner, here)
  if (seen !== 'unknown') return seen === 'alive'
  return nowMs - owner.heartbeat <= ownerSilentMsMax
}

/** `process 12 on host a, since 2026-11-21 17:00:00 UTC`. */
export function describeOwner(owner: CopyOwner): string {
  const since = new Date(owner.since).toISOString().replace('T', ' ').replace(/\..*/, ' UTC')
  return `process ${owner.pid} on ${owner.host}, since ${since}`
}
