// What can be said about a live migration: when it may be switched, how, and what is left at its end.
import { between, choice, duration, flag, option, optionWithDefault, share, text } from '../../foundation/option.ts'
import { formatDuration } from '../../foundation/quantity.ts'

const running = ['migrate', 'resume'] as const
const switching = ['cut-over', 'reverse'] as const
const both = [...running, ...switching] as const

export const liveOptions = {
  timeout: optionWithDefault(duration, 30_000, {
    commands: switching,
    help: 'How long writes may be stopped. After that they are allowed again where they were, and following goes on.',
    check: between(1_000, 3_600_000, formatDuration),
  }),
  lastVerify: optionWithDefault(choice('counts', 'full'), 'counts', {
    commands: switching,
    help: 'What is compared while writes are stopped: positions and counts, or the content of every document besides, which needs a --timeout to match.',
  }),
  force: flag({
    commands: switching,
    help: 'Switch although conditions are not met. What is stopped, drained and compared during the switch is so all the same.',
  }),
  lagMax: optionWithDefault(duration, 10_000, {
    commands: both,
    help: 'Condition for a switch: the target is at most this far behind.',
    check: between(1_000, 3_600_000, formatDuration),
  }),
  verifiedWithin: optionWithDefault(duration, 24 * 3_600_000, {
    commands: both,
    help: 'Condition for a switch: the last verification found both sides equal, and began at most this long ago.',
  }),
  switchHook: option(text, {
    commands: both,
    help: 'Command for the shell, or address for a POST, that leads traffic to the other side. It is told everything as JSON; a switch is given up when it fails.',
    placeholder: 'COMMAND|URL',
    example: './lead-traffic.sh',
  }),
  keepAliases: flag({
    commands: both,
    help: 'Leave aliases as they are. Otherwise those of the source indexes lead to the target from the switch on.',
  }),
  oneWay: flag({
    commands: both,
    help: 'Do not prepare a way back. The source then stays blocked after the switch, and nothing follows.',
  }),
  verifyEvery: optionWithDefault(duration, 3_600_000, {
    commands: running,
    help: 'How long after one verification in the background the next one begins; 0s verifies only when it is asked for.',
  }),
  verifyShare: optionWithDefault(share, 0.25, {
    commands: running,
    help: 'Part of the time for which the verification in the background reads; for the rest it leaves both clusters alone.',
    check: (value: number) => (value > 0 ? undefined : 'must be above 0'),
  }),
  oldSide: optionWithDefault(choice('blocked', 'released'), 'blocked', {
    commands: ['complete'],
    help: 'What becomes of the source indexes at the end: writes stay blocked, or are allowed again.',
  }),
}
