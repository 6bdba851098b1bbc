// A migration by snapshots is known by the name in its plan, and `status` lists it beside the live ones: commands that are for those say what
// to write instead.
import { JourneyCatalog } from '../../engine/catalog-journeys.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type { CommandName } from '../../foundation/option.ts'

/** Throws USAGE when a migration by snapshots has this name. */
export function refuseJourney(stateFolder: string, name: string, command: CommandName): void {
  const journey = JourneyCatalog.listOf(stateFolder).find((each) => each.name === name)
  if (!journey) return
  throw new IndexferryError(
    'USAGE',
    `${name} is a migration by snapshots, which \`indexferry ${command}\` is not for`,
    {
      remedy: instead(command, `indexferry migrate ${journey.plan}`),
    },
  )
}

function instead(command: CommandName, migrate: string): string {
  switch (command) {
    case 'cut-over':
      return `Write: ${migrate} --cut-over`
    case 'abort':
    case 'reverse':
      return `Take it back with: ${migrate} --abort`
    case 'pause':
      return `Stop the process that runs it (Ctrl-C, SIGTERM); \`${migrate}\` goes on.`
    case 'throttle':
      return 'Its speed is `move.rate` of the plan.'
    case 'verify':
      return 'It verifies by itself in its last cycle; `indexferry verify SOURCE TARGET` compares at any time.'
    default:
      return `It goes on, and ends, with: ${migrate}`
  }
}
