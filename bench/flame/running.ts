/** running — profiles a gateway that runs already, and leaves it as it was found. */
import { connectInspector, type Opened, openInspector } from './open-inspector.ts'
import { type ProfileSettings, profileWorkers, type WorkerProfile } from './profile-workers.ts'

/** `place`: where its inspector is open already; '' to have it open one. */
export async function profileRunning(
  pid: number,
  place: string,
  settings: ProfileSettings,
): Promise<WorkerProfile[]> {
  const opened = place === '' ? await openInspector(pid) : await atPlace(place)
  const leave = () => void opened.close().finally(() => process.exit(130))
  process.once('SIGINT', leave)
  process.once('SIGTERM', leave)
  try {
    return await profileWorkers(opened.inspector, settings)
  } finally {
    process.off('SIGINT', leave)
    process.off('SIGTERM', leave)
    await opened.close()
  }
}

async function atPlace(place: string): Promise<Opened> {
  const inspector = await connectInspector(place)
  return { inspector, close: () => inspector.close() }
}
