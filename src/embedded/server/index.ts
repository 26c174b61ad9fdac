export type { ApiHandler, ApiServer, ApiServerOptions } from './api-server.ts';
export { startApiServer } from './api-server.ts';
