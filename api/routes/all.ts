import { openApiDocument, type OpenApiDocument } from '../openapi';
import { customerLinkPages } from '../pages/customer-link';
import { conversationPages } from '../pages/conversations';
import { demoPages } from '../pages/demo';
import { docsPages } from '../pages/docs';
import { helpPages } from '../pages/help/pages';
import { mailPages } from '../pages/mails';
import { messageHtmlPages } from '../pages/message-html';
import { noticePages } from '../pages/notices';
import { pagePages } from '../pages/pages';
import { probePages } from '../pages/probes';
import { signInPages } from '../pages/sign-in';
import { startPages } from '../pages/start';
import { suspendedPages } from '../pages/suspended';
import { widgetPages } from '../pages/widget';
import { apiRoute, type ApiRoute, type Route } from '../route';
import { z } from '../schemas/openapi-zod';
import { agentRoutes } from './agents';
import { avatarRoutes } from './avatars';
import { blockedSenderRoutes } from './blocked-senders';
import { attachmentRoutes } from './attachments';
import { cannedReplyRoutes } from './canned-replies';
import { chatRoutes } from './chat';
import { chatFileRoutes } from './chat-files';
import { ownChatRoutes } from './chats';
import { commandRoutes } from './commands';
import { conversationRoutes } from './conversations';
import { conversionRoutes } from './conversion';
import { demoRoutes } from './demo';
import { directoryRoutes } from './directory';
import { helpRoutes } from './help';
import { noticeRoutes } from './notices';
import { pageRoutes } from './pages';
import { liveRoutes } from './live';
import { mergeRoutes } from './merge';
import { participantRoutes } from './participants';
import { policyRoutes } from './policy';
import { presenceRoutes } from './presence';
import { suspendedRoutes } from './suspended';
import { scheduledActionRoutes } from './scheduled-actions';
import { teamRoutes } from './teams';
import { ticketRoutes } from './tickets';
import { tokenRoutes } from './tokens';

/** The table of every way in by HTTP: what is not in it cannot be mounted, and what is in it has a rule. */
export function allRoutes(publicUrl: string): readonly Route[] {
  const described: ApiRoute[] = [
    ...ticketRoutes,
    ...conversationRoutes,
    ...attachmentRoutes,
    ...commandRoutes,
    ...participantRoutes,
    ...mergeRoutes,
    ...pageRoutes,
    ...noticeRoutes,
    ...suspendedRoutes,
    ...blockedSenderRoutes,
    ...agentRoutes,
    ...avatarRoutes,
    ...tokenRoutes,
    ...teamRoutes,
    ...cannedReplyRoutes,
    ...scheduledActionRoutes,
    ...directoryRoutes,
    ...policyRoutes,
    ...helpRoutes,
    ...demoRoutes,
    ...chatRoutes,
    ...ownChatRoutes,
    ...chatFileRoutes,
    ...conversionRoutes,
    ...liveRoutes,
    ...presenceRoutes,
  ];
  let document: OpenApiDocument | undefined;
  const api: ApiRoute[] = [
    ...described,
    apiRoute({
      method: 'get',
      path: '/openapi.json',
      action: 'public.read',
      tag: 'This document',
      summary: 'The OpenAPI 3.1 description of this API',
      answers: { 200: { about: 'The document.', schema: z.record(z.string(), z.unknown()) } },
      handle() {
        document ??= openApiDocument(api, publicUrl);
        return Promise.resolve({ status: 200, body: document });
      },
    }),
  ];
  return [
    ...api,
    ...probePages,
    ...startPages,
    ...signInPages,
    ...docsPages,
    ...mailPages,
    ...pagePages,
    ...noticePages,
    ...suspendedPages,
    ...conversationPages,
    ...messageHtmlPages,
    ...customerLinkPages,
    ...helpPages,
    ...widgetPages,
    ...demoPages,
  ];
}
