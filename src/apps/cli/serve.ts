// `indexferry serve`: the gateway, until Ctrl-C or SIGTERM.
import type { GatewayConfig } from '../../config/gateway/gateway-config.ts'
import { loadGatewayConfig } from '../../config/gateway/load-gateway-config.ts'
import { parseOptionValues } from '../../config/parse-options.ts'
import { exitCodes } from '../../foundation/error-definition.ts'
import { runGateway } from '../gateway/run-gateway.ts'
import { packageVersion } from '../package-version.ts'
import type { CommandCall } from './commands.ts'
import { printNote } from './print.ts'

export async function runServeCommand(call: CommandCall): Promise<number> {
  const { gateway: given, engine } = parseOptionValues('serve', call.flags, process.env)
  const { cluster, listen } = given
  const overrides = { cluster, listen, stateFolder: engine.state }
  const { config, warnings } = await loadGatewayConfig(given.config, overrides, process.env)
  const warn = (text: string) => printNote(`warning: ${text}`)
  for (const warning of warnings) warn(warning)
  using stop = stopSignal()
  const gateway = await runGateway(config, {
    write: (line) => process.stderr.write(line),
    warn,
    version: packageVersion(),
    env: process.env,
  })
  if (!engine.quiet) {
    printNote(`indexferry listens at ${gateway.url}`)
    printNote(`  in front of ${gateway.cluster ?? 'a cluster that does not answer now'} at ${gateway.clusterUrl}`)
    printNote(`  ${whoMayCall(config)}`)
  }
  await stop.asked
  if (!engine.quiet)
    printNote('stopping: running calls have ten seconds (once more ends at once; tasks go on at the next start)')
  await gateway.close()
  return exitCodes.done
}

function whoMayCall({ access }: GatewayConfig): string {
  const { users, apiKeys, clusterCredentials } = access
  const own = [
    ...(users.length > 0 ? [`${users.length} ${users.length === 1 ? 'user' : 'users'}`] : []),
    ...(apiKeys.length > 0 ? [`${apiKeys.length} ${apiKeys.length === 1 ? 'API key' : 'API keys'}`] : []),
  ]
  const who =
    own.length > 0 ? `${own.join(' and ')} of the configuration may call` : 'whoever the cluster lets in may call'
  if (clusterCredentials === 'caller') return `${who}, with their own credentials for the cluster`
  return own.length > 0
    ? `${who}, with the gateway's credentials for the cluster`
    : "whoever reaches it may call, with the gateway's credentials for the cluster"
}

/** The first Ctrl-C or SIGTERM asks to stop, the second ends the program at once; tasks are durable either way. */
function stopSignal(): Disposable & { readonly asked: Promise<void> } {
  let isAsked = false
  let resolve = () => {}
  const asked = new Promise<void>((done) => {
    resolve = done
  })
  const onSignal = () => {
    if (isAsked) process.exit(exitCodes.paused)
    isAsked = true
    resolve()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    asked,
    [Symbol.dispose]: () => {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}
