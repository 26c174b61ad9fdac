export type { ApiHandler, ApiServer, ApiServerOptions } from './api-server.ts';
export { startApiServer } from './api-server.ts';
export type { ServerLimits } from './server-limits.ts';
