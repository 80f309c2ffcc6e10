import { start } from 'dservice/services/time'

await start()
