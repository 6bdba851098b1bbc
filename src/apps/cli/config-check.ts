// `indexferry config check [FILE]`: whether the gateway would start with it, and what it then does.
import { stringify } from 'yaml'
import { configError } from '../../config/gateway/config-tree.ts'
import { describeConfig } from '../../config/gateway/describe-config.ts'
import { exposures } from '../../config/gateway/exposures.ts'
import { checkGatewayConfig } from '../../config/gateway/load-gateway-config.ts'
import { parseOptionValues } from '../../config/parse-options.ts'
import { exitCodes } from '../../foundation/error-definition.ts'
import { IndexferryError, redact } from '../../foundation/errors.ts'
import type { CommandCall } from './commands.ts'
import { printError, printJson, printNote, printResult } from './print.ts'

const defaultConfigFile = 'indexferry.yaml'

export async function runConfigCommand(call: CommandCall): Promise<number> {
  const { engine } = parseOptionValues('config', call.flags, process.env)
  const [action, file = defaultConfigFile] = call.args
  if (action !== 'check') {
    throw new IndexferryError('USAGE', `\`indexferry config\` does not know "${action}"`, {
      remedy: 'Write: indexferry config check [FILE]',
    })
  }
  const { settings, problems, warnings: fromFile } = checkGatewayConfig(file, process.env)
  const warnings = [...fromFile, ...(settings ? exposures(settings) : [])].map(redact)
  if (engine.json) {
    const places = problems.map(({ position, setting, sentence }) => ({
      ...(position ?? {}),
      setting,
      message: redact(sentence),
    }))
    const config = settings ? { config: describeConfig(settings) } : {}
    printJson({ file, valid: problems.length === 0, problems: places, warnings, ...config })
  } else {
    for (const warning of warnings) printNote(`warning: ${warning}`)
    if (settings) printResult(redact(`# ${file} is valid\n${stringify(describeConfig(settings))}`))
    else printError(configError(file, problems), false)
  }
  return settings ? exitCodes.done : exitCodes.usage
}
