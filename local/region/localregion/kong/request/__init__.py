"""A request on its way: routed, read, changed, answered, refused in Kong's form."""
