import { DevelopmentIssuer } from '#access';
import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

/** The keys of the issuer whose tokens `billing token` prints. Hosted only while no other issuer is configured. */
@ApiExcludeController()
@Controller('development-issuer/.well-known')
export class DevelopmentIssuerController {
  constructor(private readonly issuer: DevelopmentIssuer) {}

  @Get('jwks.json')
  keys(): ReturnType<DevelopmentIssuer['jwks']> {
    return this.issuer.jwks();
  }
}
