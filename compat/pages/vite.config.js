// Reached by the names of the deployments.
export default { preview: { allowedHosts: true } }
