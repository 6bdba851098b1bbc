// The commands: what each is for and what it is given. Their work is in the file of the same name.
import type { RawFlags } from '../../config/parse-options.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type { CommandName } from '../../foundation/option.ts'

export interface CommandCall {
  readonly name: CommandName
  readonly args: readonly string[]
  readonly flags: RawFlags
  /** All words of the command line, for `status`. */
  readonly words: readonly string[]
}

export interface CommandDescription {
  readonly summary: string
  readonly parameters: string
  /** Resolves with the exit code. */
  readonly run: (call: CommandCall) => Promise<number>
}

/** A URL is neither a plan nor the id of a migration: the other side was forgotten. */
function refuseLoneSource({ name, args: [only = ''] }: CommandCall): void {
  if (!/^https?:\/\//i.test(only)) return
  throw new IndexferryError('USAGE', `\`indexferry ${name}\` with a URL wants a second one, the TARGET`, {
    remedy: `Write: indexferry ${name} SOURCE TARGET`,
  })
}

export const commands: Readonly<Record<CommandName, CommandDescription>> = {
  copy: {
    summary: 'Copy indexes, once. Started again, it goes on where it stopped.',
    parameters: '<source> <target>',
    run: async (call) => (await import('./copy.ts')).runCopyCommand(call),
  },
  follow: {
    summary:
      'Copy indexes and keep following what changes, deletes included, until stopped. Started again, it goes on.',
    parameters: '<source> <target>',
    run: async (call) => (await import('./follow.ts')).runFollowCommand(call),
  },
  verify: {
    summary:
      'Compare every document of both sides, and repair what differs with --repair; or those of a live migration.',
    parameters: '<source-or-migration> [target]',
    run: async (call) => {
      if (call.args.length > 1) return (await import('./verify.ts')).runVerifyCommand(call)
      refuseLoneSource(call)
      return (await import('./live-migration.ts')).runVerifyMigrationCommand(call)
    },
  },
  assess: {
    summary: 'Say what a copy would do and what stands against it. Leaves both sides as they are.',
    parameters: '<source> <target>',
    run: async (call) => (await import('./assess.ts')).runAssessCommand(call),
  },
  status: {
    summary: 'List copies and migrations, or show one.',
    parameters: '[copy-or-migration]',
    run: async (call) => (await import('./status.ts')).runStatusCommand(call),
  },
  throttle: {
    summary: 'Change the speed of a copy or a live migration while it runs.',
    parameters: '<copy-or-migration>',
    run: async (call) => (await import('./status.ts')).runThrottleCommand(call),
  },
  pause: {
    summary: 'Pause a copy or a live migration that runs elsewhere, as Ctrl-C does.',
    parameters: '<copy-or-migration>',
    run: async (call) => (await import('./status.ts')).runPauseCommand(call),
  },
  forget: {
    summary: 'Remove a copy, or a live migration that is at its end, from the list; its target stays as it is.',
    parameters: '<copy-or-migration>',
    run: async (call) => (await import('./status.ts')).runForgetCommand(call),
  },
  serve: {
    summary:
      'Stand in front of a cluster: everything passes through, and remote reindex, tasks and connections are answered here.',
    parameters: '',
    run: async (call) => (await import('./serve.ts')).runServeCommand(call),
  },
  config: {
    summary: "Check the gateway's configuration and show what it comes to: `indexferry config check`.",
    parameters: '<action> [file]',
    run: async (call) => (await import('./config-check.ts')).runConfigCommand(call),
  },
  object: {
    summary: 'Move objects between S3, OSS and folders, or compare them: `indexferry object copy|audit SOURCE TARGET`.',
    parameters: '<action> [source] [target]',
    run: async (call) => (await import('./object.ts')).runObjectCommand(call),
  },
  snapshot: {
    summary:
      'Repositories, snapshots and restores on a cluster: register, create, status, list, show, restore, delete, cleanup, iam.',
    parameters: '<action> [cluster] [repository] [snapshot]',
    run: async (call) => (await import('./snapshot.ts')).runSnapshotCommand(call),
  },
  migrate: {
    summary:
      'Migrate indexes while they are written to (SOURCE TARGET), or by snapshots as a plan says (PLAN). Started again, it goes on.',
    parameters: '<source-or-plan> [target]',
    run: async (call) => {
      if (call.args.length > 1) return (await import('./live-migration.ts')).runMigrationCommand(call)
      refuseLoneSource(call)
      return (await import('./migrate.ts')).runMigrateCommand(call)
    },
  },
  resume: {
    summary: 'Go on with a live migration that was paused or killed.',
    parameters: '<migration>',
    run: async (call) => (await import('./live-migration.ts')).runResumeCommand(call),
  },
  'cut-over': {
    summary: 'Switch traffic to the target: stop writes, carry the last ones, compare, switch.',
    parameters: '<migration>',
    run: async (call) => (await import('./live-migration.ts')).runSwitchCommand(call),
  },
  reverse: {
    summary: 'Switch traffic back to the source, with the same care. Nothing that was written to the target is lost.',
    parameters: '<migration>',
    run: async (call) => (await import('./live-migration.ts')).runSwitchCommand(call),
  },
  complete: {
    summary: 'End a live migration behind its cut-over, and remove what was put in place.',
    parameters: '<migration>',
    run: async (call) => (await import('./live-migration.ts')).runEndCommand(call),
  },
  abort: {
    summary: 'Take a live migration back before its cut-over: everything is as it was, except what was copied.',
    parameters: '<migration>',
    run: async (call) => (await import('./live-migration.ts')).runEndCommand(call),
  },
}
