package client

import (
	"context"
)

// Permissions reads what can be allowed.
type Permissions struct{ Reader[Permission] }

func newPermissions(c *Client) *Permissions {
	return &Permissions{*newReader[Permission](c, "permissions", "permission")}
}

// Calculated reads whether the token's user has a permission, with those of all
// groups considered, by the permission's name.
func (r *Permissions) Calculated(ctx context.Context, name string, opts ...CallOption) (*Permission, error) {
	return get[Permission](ctx, r.c, opts, "calculatedpermission", name)
}

// readPermissions reads a tree of permissions as it is.
func readPermissions(ctx context.Context, c *Client, path []string, opts []CallOption) (Extra, error) {
	out, err := get[Extra](ctx, c, opts, path...)
	if err != nil {
		return nil, err
	}
	return *out, nil
}
