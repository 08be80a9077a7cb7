// The library's parts are put together by decorators when it is loaded, which needs this first.
import 'reflect-metadata';

export * from '@peculiar/x509';
