// docs/plan.md, from the descriptions in the schema of a plan of `indexferry migrate`.
import { planSchema } from '../src/config/migration/plan-schema.ts'
import { chapters, type MakeTable } from './setting-rows.ts'

const introduction = `# Settings of a plan

Of the file that [\`indexferry migrate\`](migrate-by-snapshot.md) takes. Everything that is wrong is told at once, with line and column; a
setting that is not in the list below is an error. Texts, secrets, sizes and times are written as in the [configuration of the gateway](configuration.md):
\`\${NAME}\` stands for an environment variable, a secret is a text or \`{ file: PATH }\`, paths are relative to the plan.

- \`cluster: https://host:9200\` is short for \`cluster: { url: … }\`, \`indexes\` is read as \`indices\`.
- Speed, hooks, cycles and the cut-over may be changed while a migration is under way. What it moves from where to where may not.
`

export const planPage = (notice: string, table: MakeTable): string =>
  [notice, introduction, ...chapters(planSchema, table, { instead: { target: 'As `source`.' } })].join('\n')
