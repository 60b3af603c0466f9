export const service = { title: 'service' };
