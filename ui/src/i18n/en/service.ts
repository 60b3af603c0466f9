/** English texts of the page of one service. */
export const service = {
  onMap: 'Show on the map', traces: 'Its traces', failed: 'Failed traces', operations: 'Operations', operation: 'Operation', kind: 'Kind', timeShare: 'Time spent',
  callers: 'Called by', callees: 'Calls', versions: 'Versions', version: 'Version', noVersion: 'none sent', instances: 'Instances', instance: 'Instance', errors: 'Newest errors',
  none: 'This service was never seen', noneText: 'No span with this service.name was received. Names are compared letter by letter.', toOverview: 'All services', noInstances: 'Nothing in its spans tells instances apart.',
  callsChart: 'Calls and errors', timeChart: 'Duration', nobody: 'Nobody in this range.',
};
