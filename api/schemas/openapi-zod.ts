import { extendZodWithOpenApi } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';

// Gives every schema `.openapi(…)`; each file with schemas imports `z` from here, so that this has happened before.
extendZodWithOpenApi(z);

export { z };
