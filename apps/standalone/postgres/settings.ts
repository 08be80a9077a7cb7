/**
 * The settings of the embedded server, passed on its command line, where no file overrules them.
 * Loopback only, and no Unix socket: its path would have to be short, and it would be one more door.
 */
export const serverSettings = (
  port: number,
  { fsync, maxConnections }: { fsync: boolean; maxConnections: number },
): string[] => {
  const durable = fsync ? 'on' : 'off';
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: String(maxConnections),

    fsync: durable,
    synchronous_commit: durable,
    full_page_writes: durable,

    shared_buffers: '256MB',
    wal_buffers: '16MB',
    // Some minutes of appends at full rate between two checkpoints; recovery after a crash stays within seconds.
    max_wal_size: '2GB',
    random_page_cost: '1.1',
    jit: 'off',

    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
    log_destination: 'stderr',
    logging_collector: 'off',
    log_checkpoints: 'off',
    log_line_prefix: '%m [%p] %q%u@%d ',
    // A statement or the detail of an error can hold a person's data: neither goes into the log.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_parameter_max_length_on_error: '0',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
};
