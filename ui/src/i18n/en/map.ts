export const map = { title: 'map' };
