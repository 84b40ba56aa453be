/** running — profiles a gateway that runs already, and leaves it as it was found. */
import { onEnding } from '../measure/ending.ts'
import { connectInspector, type Opened, openInspector } from './open-inspector.ts'
import { type ProfileSettings, profileWorkers, type WorkerProfile } from './profile-workers.ts'

/** `place`: where its inspector is open already; '' to have it open one. */
export async function profileRunning(
  pid: number,
  place: string,
  settings: ProfileSettings,
): Promise<WorkerProfile[]> {
  let opening: Promise<Opened> | null = null
  let closing: Promise<void> | null = null
  const close = (): Promise<void> => {
    closing ??= opening === null ? Promise.resolve() : opening.then((opened) => opened.close())
    return closing
  }
  // Before the signal that has the process open its inspector: from then on an interrupt would leave it open.
  const forget = onEnding(close)
  try {
    opening = place === '' ? openInspector(pid) : atPlace(place)
    const { inspector } = await opening
    try {
      return await profileWorkers(inspector, settings)
    } finally {
      await close()
    }
  } finally {
    forget()
  }
}

async function atPlace(place: string): Promise<Opened> {
  const inspector = await connectInspector(place)
  return { inspector, close: () => inspector.close() }
}
