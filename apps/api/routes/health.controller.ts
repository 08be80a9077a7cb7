import { HealthController } from '#platform/http';
import { Controller } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

/** Health and metrics, which are no part of what /docs describes. */
@ApiExcludeController()
@Controller()
export class ApiHealthController extends HealthController {}
