import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Database } from '../db/connection';
import type { ErrorCode } from '../messages/errors';
import type { Actor, Agent } from './auth/actor';
import type { Action, Target } from './auth/authorize';
import type { ApiContext } from './context';
import type { Upload } from './upload';

/** Methods that routes use. */
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** One answer that a route can give, as the documentation shows it; without a schema it has no body. */
export interface DocumentedAnswer {
  readonly about: string;
  readonly schema?: z.ZodType;
  /** The answer is a file of one of these types. */
  readonly files?: readonly string[];
}

/** What a handler answers. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  /** Instead of `body`: bytes of this type. */
  readonly file?: { readonly content: Buffer; readonly mediaType: string };
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of `body`: answers by itself, for as long as it likes. */
  readonly stream?: (request: Request, response: Response) => void;
  /** Runs once what the handler wrote is committed; it may fail without changing the answer. */
  readonly afterCommit?: () => Promise<unknown>;
  /** Instead of `body`, what is kept with the Idempotency-Key: for answers with a secret in them. See `ApiRoute.again`. */
  readonly kept?: unknown;
}

/** Who makes a request, and from where. */
export interface Caller {
  readonly actor: Actor;
  /** One key per address, or per network of IPv6. */
  readonly address: string;
  /** Of the page that a browser came from, if it says so. */
  readonly origin: string | null;
}

/** A request that has been authorised and checked. */
export interface Checked<Params, Query, Body> {
  readonly context: ApiContext;
  /** The transaction of this request, for routes that have one; else the plain database. */
  readonly db: Database;
  readonly actor: Agent;
  /** Who really asks, for routes that are not for agents alone; `actor` then stands for nobody in particular. */
  readonly caller: Caller;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** The bytes that came, for routes that take them. */
  readonly upload?: Upload;
  /** The request's Idempotency-Key with the hash of what it came with, or null. */
  readonly idempotency: { readonly key: string; readonly requestHash: string } | null;
}

/**
 * How a repeated request is recognised by its Idempotency-Key: `transaction` keeps the answer in the transaction of what was
 * done; `command` leaves it to the command's own row; `none` is for routes that change nothing.
 */
export type Idempotency = 'transaction' | 'command' | 'none';

/** A JSON route below /api/v1 as it is mounted, documented and tested. */
export interface ApiRoute {
  readonly surface: 'api';
  readonly method: Method;
  /** Below /api/v1, with `{name}` for parameters. */
  readonly path: string;
  readonly action: Action;
  readonly target?: (params: Readonly<Record<string, string>>, actor: Actor, context: ApiContext) => Target | Promise<Target>;
  readonly tag: string;
  readonly summary: string;
  readonly params: z.ZodType | null;
  readonly query: z.ZodType | null;
  readonly body: z.ZodType | null;
  /** It takes bytes of any type instead of JSON, at most so many. */
  readonly upload?: { readonly limitBytes: number };
  readonly answers: Readonly<Record<number, DocumentedAnswer>>;
  /** Codes of the problems that only this route has; those that all routes share are added. */
  readonly problems: readonly ErrorCode[];
  readonly idempotency: Idempotency;
  /** Makes the body of a repeated request's answer of what was `kept`; without it that is the body. */
  readonly again?: (context: ApiContext, kept: unknown) => Promise<unknown>;
  readonly handle: (request: Checked<never, never, never>) => Promise<Answer>;
}

/** A JSON route as it is declared: the handler sees what the schemas let through. */
export interface ApiRouteDeclaration<P extends z.ZodType | null, Q extends z.ZodType | null, B extends z.ZodType | null> {
  readonly method: Method;
  readonly path: string;
  readonly action: Action;
  readonly target?: ApiRoute['target'];
  readonly tag: string;
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly upload?: ApiRoute['upload'];
  readonly answers: ApiRoute['answers'];
  readonly problems?: readonly ErrorCode[];
  readonly idempotency?: Idempotency;
  readonly again?: ApiRoute['again'];
  readonly handle: (request: Checked<Output<P>, Output<Q>, Output<B>>) => Promise<Answer>;
}

type Output<S> = S extends z.ZodType ? z.output<S> : Record<string, never>;

/** Declares a JSON route. Its rule (`action`) is part of the declaration, so there is no route without one. */
export function apiRoute<P extends z.ZodType | null = null, Q extends z.ZodType | null = null, B extends z.ZodType | null = null>(
  route: ApiRouteDeclaration<P, Q, B>,
): ApiRoute {
  return {
    surface: 'api',
    method: route.method,
    path: route.path,
    action: route.action,
    ...(route.target === undefined ? {} : { target: route.target }),
    tag: route.tag,
    summary: route.summary,
    params: route.params ?? null,
    query: route.query ?? null,
    body: route.body ?? null,
    ...(route.upload === undefined ? {} : { upload: route.upload }),
    answers: route.answers,
    problems: route.problems ?? [],
    ...(route.again === undefined ? {} : { again: route.again }),
    idempotency: route.idempotency ?? (route.method === 'post' ? 'transaction' : 'none'),
    // The mounting code passes what these very schemas let through.
    handle: route.handle,
  };
}

/** What the handler of a plain page gets: forms are read by the page's own schemas. */
export interface PageRequest {
  readonly context: ApiContext;
  readonly actor: Actor;
  readonly params: Readonly<Record<string, string>>;
  readonly request: Request;
  readonly response: Response;
}

/** What a plain page answers. */
export type PageAnswer =
  | { readonly html: string; readonly status?: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly redirect: string }
  | { readonly file: Buffer | string; readonly type: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly json: unknown; readonly status?: number };

/** A page, probe or file outside /api/v1. */
export interface PageRoute {
  readonly surface: 'page';
  readonly method: 'get' | 'post';
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly action: Action;
  readonly handle: (request: PageRequest) => Promise<PageAnswer>;
}

/** Declares a page; like {@link apiRoute}, never without a rule. */
export function pageRoute(route: Omit<PageRoute, 'surface'>): PageRoute {
  return { surface: 'page', ...route };
}

/** Every way into this process by HTTP. */
export type Route = ApiRoute | PageRoute;

/** Where JSON routes live. */
export const API_BASE = '/api/v1';

/** A route's whole path, with `{name}` for parameters. */
export function fullPath(route: Route): string {
  return route.surface === 'api' ? API_BASE + route.path : route.path;
}

/** A route's path in Express's notation. */
export function expressPath(route: Route): string {
  return fullPath(route).replace(/\{(\w+)\}/g, ':$1');
}

/** A pattern that matches the paths of a route. */
export function pathPattern(route: Route): RegExp {
  const escaped = fullPath(route)
    .split(/\{\w+\}/)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('[^/]+')}/?$`);
}
