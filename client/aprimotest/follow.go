package aprimotest

// address returns where a relation of an object leads to, below /api/core/, in two parts.
func (rel *relation) address(o object) (owner, path string) {
	if id, _ := o.doc[rel.idOf].(string); id != "" && rel.how == '@' {
		return rel.target.path(), id
	}
	return o.path, rel.path
}

// A listing is what a relation leads to, if it is many.
type listing []object

// follow returns what a relation of an object leads to, as it is shown; nil if there is nothing.
func (s *store) follow(o object, rel *relation, q *query) any {
	switch value := s.related(o, rel, q).(type) {
	case object:
		if q.depth[value.kind] >= occurrences {
			return nil
		}
		return s.show(value, q)
	case listing:
		owner, path := rel.address(o)
		return s.list(value, owner+"/"+path, rel.paged, q)
	default:
		return value
	}
}

// related returns what a relation of an object leads to: an object, a listing, what is shown
// as it is, or nil.
func (s *store) related(o object, rel *relation, q *query) any {
	if find := s.finders[o.kind.name+"."+rel.link]; find != nil {
		return find(o, q)
	}
	path := o.path + "/" + rel.path
	switch rel.how {
	case '@':
		if found, ok := s.lookUp(rel.target, text(o.doc[rel.idOf])); ok {
			return found
		}
	case '>':
		return object{kind: rel.target, doc: s.attached[path], path: path}
	case '*':
		all := listing{}
		for _, id := range s.collection(path).ids {
			all = append(all, object{kind: rel.target, doc: s.docs[path].byID[id], path: o.path + "/" + rel.target.path() + "/" + id})
		}
		return all
	case '#':
		return s.sent(o, rel, q)
	case '&':
		return s.partsOf(o, rel)
	case '!':
		return s.imageOf(o, rel, q)
	}
	return nil
}

// sent returns the set that was sent with an object under the name of a relation.
func (s *store) sent(o object, rel *relation, q *query) any {
	if rel.target == nil {
		return listOf(append([]any{}, array(o.doc[rel.idOf])...), o.path+"/"+rel.path, q).end()
	}
	all, element := listing{}, rel.element()
	for _, item := range array(o.doc[rel.idOf]) {
		if doc, ok := item.(document); element != nil && ok {
			found := object{kind: element, doc: doc}
			if rel.one != "" {
				found.path = o.path + "/" + rel.one + "/" + identity(doc, element)
			}
			all = append(all, found)
		} else if found, ok := s.lookUp(rel.target, identity(item, nil)); ok {
			all = append(all, found)
		}
	}
	return all
}

// element returns the kind of what is sent as a set and has no place of its own; nil if
// it has.
func (rel *relation) element() *kind {
	if rel.target == nil || rel.target.one != "-" {
		return nil
	}
	return rel.target
}
