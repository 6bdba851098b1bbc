// What can be said about a whole migration besides its plan.
import { flag } from '../../foundation/option.ts'

const commands = ['migrate'] as const

export const journeyOptions = {
  cutOver: flag({
    commands,
    help: 'Make the next cycle the last one: block writes on the source, take the last snapshot, verify and switch. Also tells a migration that runs elsewhere.',
  }),
  abort: flag({
    commands,
    help: 'Take the migration back, wherever it is: writes on the source are allowed again, indexes that are closed are opened, the alias is where it was. Snapshots, moved objects and restored indexes stay.',
  }),
}
