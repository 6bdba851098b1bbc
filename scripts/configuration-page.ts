// docs/configuration.md, from the descriptions in the schema of the gateway's configuration.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gatewaySchema } from '../src/config/gateway/gateway-schema.ts'
import { chapters, type MakeTable } from './setting-rows.ts'

const introduction = `# Configuration of the gateway

\`indexferry serve --config indexferry.yaml\` reads one YAML file; \`indexferry config check indexferry.yaml\` says whether it would be taken, and
what it comes to with every default. Everything that is wrong is told at once, with line and column. A setting that is not in the list below
is an error. What the command line gives (\`--cluster\`, \`--listen\`, \`--state\`) goes before the file.

- Keys may be nested or dotted: \`reindex.remote.allowlist: …\` is the same as the three levels.
- Every value may hold \`\${NAME}\`, which stands for an environment variable; one that is not set, or is empty, is an error. \`$\${\` stands for \`\${\` itself.
  Within \`{ }\` such a value must be put into quotes.
- A secret is a text, best taken from a variable, or \`{ file: PATH }\`, or the setting with \`_file\` behind it. Of the file the first line counts. A
  secret that stands in a configuration which other users of the machine may read is warned about.
- Paths are relative to the file. Sizes are powers of 1024 (\`5mb\`, \`1GiB\`), counts powers of 1000 (\`10k\`), times carry their unit (\`30s\`, \`5m\`, \`7d\`).
- A value that begins with \`*\`, \`!\`, \`@\`, \`%\` or a backtick must be put into quotes, as everywhere in YAML. Aliases (\`*name\`) of anchors (\`&name\`) are taken, merge
  keys (\`<<\`) are not.
`

export function configurationPage(notice: string, table: MakeTable): string {
  const example = readFileSync(join(import.meta.dirname, '../docs/indexferry.example.yaml'), 'utf8')
  return [
    notice,
    introduction,
    ...chapters(gatewaySchema, table),
    '## Example\n',
    `[indexferry.example.yaml](indexferry.example.yaml):\n\n\`\`\`yaml\n${example.trimEnd()}\n\`\`\`\n`,
  ].join('\n')
}
